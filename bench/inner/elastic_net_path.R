# A multinomial elastic-net path, timed: arguments are the folder of X, y and lambda, rows, columns, alpha, thresh.
suppressMessages(library(glmnet))
a <- commandArgs(TRUE)
rows <- as.integer(a[2]); columns <- as.integer(a[3])
file_of <- function(name) file.path(a[1], name)
x <- matrix(readBin(file_of("values"), "double", rows * columns), rows, columns, byrow = TRUE)
y <- factor(readBin(file_of("y"), "integer", rows))
lambda <- readBin(file_of("lambda"), "double", 1e4)
began <- proc.time()[["elapsed"]]
fit <- glmnet(x, y, family = "multinomial", alpha = as.numeric(a[4]), lambda = lambda, standardize = FALSE,
              thresh = as.numeric(a[5]), maxit = 1e7)
milliseconds <- 1000 * (proc.time()[["elapsed"]] - began)
out <- file(file_of("out"), "wb")
for (i in seq_along(fit$lambda)) {
  for (c in seq_along(fit$beta)) writeBin(c(as.numeric(fit$beta[[c]][, i]), fit$a0[c, i]), out)
}
close(out)
cat(sprintf('{"milliseconds": %f, "count": %d, "version": "%s"}\n', milliseconds, length(fit$lambda), packageVersion("glmnet")))

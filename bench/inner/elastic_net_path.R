# A multinomial elastic-net path, timed: arguments are files of X, y, lambdas and the output, rows, columns, alpha, thresh.
suppressMessages(library(glmnet))
a <- commandArgs(TRUE)
rows <- as.integer(a[5]); columns <- as.integer(a[6])
x <- matrix(readBin(a[1], "double", rows * columns), rows, columns, byrow = TRUE)
y <- factor(readBin(a[2], "integer", rows))
lambda <- readBin(a[3], "double", 1e4)
began <- proc.time()[["elapsed"]]
fit <- glmnet(x, y, family = "multinomial", alpha = as.numeric(a[7]), lambda = lambda, standardize = FALSE,
              thresh = as.numeric(a[8]), maxit = 1e7)
milliseconds <- 1000 * (proc.time()[["elapsed"]] - began)
out <- file(a[4], "wb")
for (i in seq_along(fit$lambda)) {
  for (c in seq_along(fit$beta)) writeBin(c(as.numeric(fit$beta[[c]][, i]), fit$a0[c, i]), out)
}
close(out)
cat(sprintf('{"milliseconds": %f, "count": %d, "version": "%s"}\n', milliseconds, length(fit$lambda), packageVersion("glmnet")))

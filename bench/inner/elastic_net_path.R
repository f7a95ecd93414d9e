# An elastic-net path, timed: arguments are the folder of X, y and lambda, rows, columns, alpha, thresh, family, repeats.
suppressMessages(library(glmnet))
a <- commandArgs(TRUE)
rows <- as.integer(a[2]); columns <- as.integer(a[3])
file_of <- function(name) file.path(a[1], name)
x <- matrix(readBin(file_of("values"), "double", rows * columns), rows, columns, byrow = TRUE)
family <- a[6]
y <- if (family == "multinomial") factor(readBin(file_of("y"), "integer", rows)) else readBin(file_of("y"), "double", rows)
lambda <- readBin(file_of("lambda"), "double", 1e4)
times <- sapply(seq_len(as.integer(a[7])), function(repetition) {
  began <- proc.time()[["elapsed"]]
  fit <<- glmnet(x, y, family = family, alpha = as.numeric(a[4]), lambda = lambda, standardize = FALSE,
                 thresh = as.numeric(a[5]), maxit = 1e7)
  1000 * (proc.time()[["elapsed"]] - began)
})
beta <- if (family == "multinomial") fit$beta else list(fit$beta)
a0 <- if (family == "multinomial") fit$a0 else t(fit$a0)
out <- file(file_of("out"), "wb")
for (i in seq_along(fit$lambda)) {
  for (c in seq_along(beta)) writeBin(c(as.numeric(beta[[c]][, i]), a0[c, i]), out)
}
close(out)
cat(sprintf('{"milliseconds": %f, "count": %d, "version": "%s"}\n', median(times), length(fit$lambda), packageVersion("glmnet")))

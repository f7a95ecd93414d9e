# One LogisticRegression, timed: JSON in on stdin, JSON out on stdout. X (f64; dense row by row, or CSR), y (i32) and the
# weights (outputs × (columns + 1), intercepts last) go through files of the job's folder.
import json, os, statistics, sys, time, warnings
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
import numpy as np
import scipy.sparse
import sklearn
from sklearn.linear_model import LogisticRegression

warnings.filterwarnings("ignore")
job = json.load(sys.stdin)
rows, columns = job["rows"], job["columns"]
read = lambda name, dtype: np.fromfile(os.path.join(job["folder"], name), dtype=dtype)
x = read("values", np.float64)
if job["sparse"]:
    x = scipy.sparse.csr_matrix((x, read("indices", np.int32), read("starts", np.int32)), shape=(rows, columns))
else:
    x = x.reshape(rows, columns)
y = read("y", np.int32)
l1, l2 = job["l1"], job["l2"]
options = dict(C=1 / (rows * (l1 + l2)), solver=job["solver"], tol=job["tolerance"], max_iter=job["iterations"])
if l1 == 0:
    options.update(penalty="l2")
elif l2 == 0:
    options.update(penalty="l1")
else:
    options.update(penalty="elasticnet", l1_ratio=l1 / (l1 + l2))
if job["solver"] == "liblinear":
    options.update(intercept_scaling=10)  # it penalizes the intercept: the larger, the less
elif y.max() > 1:
    options.update(multi_class="multinomial")
times = []
for _ in range(job["repeats"]):
    model = LogisticRegression(**options)
    began = time.perf_counter()
    model.fit(x, y)
    times.append(1000 * (time.perf_counter() - began))
np.hstack([model.coef_, model.intercept_[:, None]]).astype(np.float64).tofile(os.path.join(job["folder"], "out"))
iterations = int(max(model.n_iter_))
print(json.dumps(dict(milliseconds=statistics.median(times), iterations=iterations, version=sklearn.__version__)))

# One LogisticRegression, timed: JSON in on stdin, JSON out on stdout. X (f64, row by row), y (i32) and the weights
# (classes × (columns + 1), intercepts last) go through files.
import json, os, sys, time, warnings
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression

warnings.filterwarnings("ignore")
job = json.load(sys.stdin)
rows, columns = job["rows"], job["columns"]
x = np.fromfile(job["x"], dtype=np.float64).reshape(rows, columns)
y = np.fromfile(job["y"], dtype=np.int32)
l1, l2 = job["l1"], job["l2"]
options = dict(C=1 / (rows * (l1 + l2)), solver=job["solver"], tol=job["tolerance"], max_iter=job["iterations"])
options.update(penalty="elasticnet", l1_ratio=l1 / (l1 + l2)) if l1 > 0 else options.update(penalty="l2")
if job["solver"] != "liblinear":
    options["multi_class"] = "multinomial"
model = LogisticRegression(**options)
began = time.perf_counter()
model.fit(x, y)
milliseconds = 1000 * (time.perf_counter() - began)
np.hstack([model.coef_, model.intercept_[:, None]]).astype(np.float64).tofile(job["out"])
print(json.dumps(dict(milliseconds=milliseconds, version=sklearn.__version__, iterations=int(model.n_iter_.max()))))

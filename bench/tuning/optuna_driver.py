"""Optimizers of other people, asked and told over JSON lines: one request per line on stdin, one answer per line on stdout.

Points are in the unit cube. Optuna brings TPE, CMA-ES and Hyperband; scikit-learn the Gaussian process (Matern 5/2, one
length per coordinate, expected improvement of log e) and, end to end, LogisticRegression with the saga solver.
"""

import json
import os
import sys
import time
import warnings

import numpy
import optuna
from scipy.stats import norm
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

warnings.filterwarnings("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)

# Answers alone on stdout: what Fortran (L-BFGS-B of SciPy) prints there goes to stderr.
ANSWERS = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


class OptunaOptimizer:
    def __init__(self, kind, dimensions, seed, start):
        pruner = optuna.pruners.NopPruner()
        if kind == "cma":
            sampler = optuna.samplers.CmaEsSampler(seed=seed, x0=dict(enumerate_names(start)))
        else:
            sampler = optuna.samplers.TPESampler(seed=seed, multivariate=kind == "tpe" and dimensions <= 3)
        if kind == "hyperband":
            pruner = optuna.pruners.HyperbandPruner(min_resource=9, max_resource=243, reduction_factor=3)
        self.names = [name for name, _ in enumerate_names(start)]
        self.study = optuna.create_study(sampler=sampler, pruner=pruner)
        self.study.enqueue_trial(dict(enumerate_names(start)))

    def ask(self):
        self.trial = self.study.ask()
        return [self.trial.suggest_float(name, 0, 1) for name in self.names]

    def tell(self, value):
        self.study.tell(self.trial, value)

    def report(self, step, value):
        self.trial.report(value, step)
        pruned = self.trial.should_prune()
        if pruned:
            self.study.tell(self.trial, state=optuna.trial.TrialState.PRUNED)
        return pruned


def enumerate_names(values):
    return [(f"x{i}", value) for i, value in enumerate(values)]


def next_fit(trials):
    """Trials until lengths are fitted again, which costs the cube of their number."""
    if trials < 30:
        return 1
    return 5 if trials < 200 else trials // 10


class GaussianProcess:
    def __init__(self, dimensions, seed, start):
        self.random = numpy.random.default_rng(seed)
        self.x, self.y = [], []
        self.start = start
        self.dimensions = dimensions
        self.initial = min(dimensions + 2, 8)
        self.due = 0
        self.kernel = ConstantKernel(1.0, (1e-2, 1e3)) * Matern([0.5] * dimensions, (0.05, 20), nu=2.5) + WhiteKernel(
            1e-4, (1e-8, 1e-1)
        )

    def ask(self):
        self.point = self.propose()
        return [float(v) for v in self.point]

    def propose(self):
        if not self.x:
            return self.start
        if len(self.x) < self.initial:
            return self.random.random(self.dimensions)
        x, y = numpy.array(self.x), numpy.log(numpy.maximum(self.y, 1e-9))
        # The likelihood is maximized at every trial while that is cheap, later with every tenth more of them.
        due = len(x) >= self.due
        model = GaussianProcessRegressor(
            self.kernel, normalize_y=True, optimizer="fmin_l_bfgs_b" if due else None, random_state=0
        ).fit(x, y)
        self.kernel = model.kernel_
        if due:
            self.due = len(x) + next_fit(len(x))
        best = x[y.argmin()]
        candidates = [self.random.random((1000, self.dimensions))]
        for width in (0.2, 0.05, 0.01):
            candidates.append(numpy.clip(best + width * self.random.standard_normal((500, self.dimensions)), 0, 1))
        candidates = numpy.concatenate(candidates)
        mean, deviation = model.predict(candidates, return_std=True)
        deviation = numpy.maximum(deviation, 1e-12)
        z = (y.min() - mean) / deviation
        return candidates[(deviation * (z * norm.cdf(z) + norm.pdf(z))).argmax()]

    def tell(self, value):
        self.x.append(numpy.array(self.point))
        self.y.append(value)

    def report(self, step, value):
        return False


def saga(request):
    """Optuna's TPE over C and l1_ratio of LogisticRegression(saga): what a user would write. An answer per trial."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss

    (x, y), (xv, yv), (xt, yt) = (
        (numpy.fromfile(part["x"], dtype="float32").reshape(-1, part["columns"]), numpy.fromfile(part["y"]))
        for part in (request[name] for name in ("train", "validation", "test"))
    )
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=request["seed"]))
    begun = time.perf_counter()
    for _ in range(request["trials"]):
        trial = study.ask()
        l1 = trial.suggest_float("l1", 1e-6, 1, log=True)
        l2 = trial.suggest_float("l2", 1e-6, 1, log=True)
        model = LogisticRegression(
            penalty="elasticnet", solver="saga", C=1 / (len(x) * (l1 + l2)), l1_ratio=l1 / (l1 + l2), max_iter=request["iterations"]
        )
        model.fit(x, y)
        error = log_loss(yv, model.predict_proba(xv))
        study.tell(trial, error)
        seconds = time.perf_counter() - begun
        test = log_loss(yt, model.predict_proba(xt))
        answer({"seconds": seconds, "error": error, "test": test, "iterations": int(max(model.n_iter_)), "l1": l1, "l2": l2})
        if seconds > request["limit"]:
            break
    answer({"done": True})


def answer(value):
    print(json.dumps(value), file=ANSWERS, flush=True)


def main():
    optimizer = None
    answer({"optuna": optuna.__version__, "sklearn": __import__("sklearn").__version__})
    for line in sys.stdin:
        request = json.loads(line)
        op = request["op"]
        if op == "open":
            kind, dimensions = request["kind"], request["dimensions"]
            rest = (dimensions, request["seed"], request["start"])
            optimizer = GaussianProcess(*rest) if kind == "gp" else OptunaOptimizer(kind, *rest)
            answer({})
        elif op == "ask":
            answer({"x": optimizer.ask()})
        elif op == "tell":
            optimizer.tell(request["value"])
            answer({})
        elif op == "report":
            answer({"prune": bool(optimizer.report(request["step"], request["value"]))})
        elif op == "saga":
            saga(request)


main()

import { expect, test } from "vitest";

/** Runs test/reference/csp-page.ts in a page with this policy; what it posts comes back. */
async function underPolicy(policy: string): Promise<unknown> {
  const frame = document.createElement("iframe");
  const script = new URL("../reference/csp-page.ts", import.meta.url).pathname;
  const answer = new Promise((resolve) => {
    addEventListener("message", function listen({ source, data }) {
      if (source !== frame.contentWindow) return;
      removeEventListener("message", listen);
      resolve(data);
    });
  });
  frame.srcdoc = `<meta http-equiv="Content-Security-Policy" content="${policy}"><script type="module" src="${script}"></script>`;
  document.body.append(frame);
  try {
    return await answer;
  } finally {
    frame.remove();
  }
}

test.skipIf(typeof document === "undefined")("script-src 'self' 'wasm-unsafe-eval' is enough", async () => {
  expect(await underPolicy("script-src 'self' 'wasm-unsafe-eval'")).toEqual({
    status: "complete",
    inPool: "converged",
  });
});

test.skipIf(typeof document === "undefined")("40 a policy that forbids Wasm: CSP, with the header to add", async () => {
  const answer = await underPolicy("script-src 'self'");
  expect(answer).toMatchObject({ code: "CSP", message: expect.stringContaining("'wasm-unsafe-eval'"), inPool: "CSP" });
});

test.skipIf(typeof document === "undefined")(
  "scripts that a policy does not trust: WORKER, and the rest works",
  async () => {
    const answer = await underPolicy("require-trusted-types-for 'script'");
    expect(answer).toEqual({ status: "complete", inPool: "WORKER" });
  },
);

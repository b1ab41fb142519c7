// Two clients: one sends, and the other checks answers. It takes no member that the document does
// not name.
module.exports = {
  fetch: {
    input: "openapi.json",
    output: {
      target: "generated/orval.ts",
      client: "fetch",
      override: { mutator: { path: "at_service.ts", name: "atService" } },
    },
  },
  zod: {
    input: "openapi.json",
    output: {
      target: "generated/orval_zod.ts",
      client: "zod",
      override: { zod: { generateEachHttpStatus: true, strict: { response: true } } },
    },
  },
};

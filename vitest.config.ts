import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // For what hangs: nothing is found by them that is only slow, be it on a computer that has much else to do.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
    // The SDK's advice about later versions of Node would be printed once a test file.
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" },
    projects: [
      { extends: true, test: { name: "unit", include: ["src/**/*.test.ts"] } },
      {
        extends: true,
        test: {
          name: "e2e",
          include: ["test/**/*.test.ts"],
          globalSetup: "test/support/global-setup.ts",
          maxWorkers: 2,
          // After the unit tests: these start programs, and would have them wait for each other.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});

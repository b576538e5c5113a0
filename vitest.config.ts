import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    testTimeout: 120_000,
    hookTimeout: 120_000,
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

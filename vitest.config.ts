import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'core', include: ['core/**/*.test.ts'], environment: 'node' } },
      { test: { name: 'main', include: ['main/**/*.test.ts', 'preload/**/*.test.ts'], environment: 'node', testTimeout: 30_000 } },
      { test: { name: 'page', include: ['renderer/**/*.test.ts'], environment: 'node' } },
      { test: { name: 'tidy', include: ['test/tidy/**/*.test.ts'], environment: 'node' } },
      { test: { name: 'world', include: ['test/{flows,parity,labs,replay,fuzz}/**/*.test.ts'], environment: 'node', testTimeout: 120_000 } },
      // Builds real network namespaces; skipped, saying why, where that cannot be done.
      { test: { name: 'kernel', include: ['test/kernel/**/*.test.ts'], environment: 'node', fileParallelism: false } },
      {
        test: {
          name: 'e2e', include: ['test/e2e/**/*.test.ts'], environment: 'node', testTimeout: 180_000, hookTimeout: 180_000,
          fileParallelism: false,
          // A browser on a busy machine may miss a moment; what is broken fails twice.
          retry: 1,
        },
      },
    ],
  },
})

import { resolve } from 'node:path'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import tailwindcss from '@tailwindcss/vite'
import { defineConfig } from 'electron-vite'

const r = (path: string) => resolve(import.meta.dirname, path)

export default defineConfig({
  main: {
    build: {
      outDir: r('out/main'),
      rolldownOptions: { input: { index: r('main/index.ts'), launch: r('main/launch.ts'), engine: r('main/engine/worker.ts') } },
    },
  },
  // Electron's sandboxed preloads are CommonJS, whatever the package says.
  preload: {
    build: {
      outDir: r('out/preload'),
      externalizeDeps: false,
      rolldownOptions: { input: { index: r('preload/index.ts') }, output: { format: 'cjs', entryFileNames: '[name].cjs' } },
    },
  },
  renderer: {
    root: r('renderer'),
    // monaco-yaml still imports Monaco by the paths it had before 0.56.
    resolve: { alias: [{ find: /^monaco-editor\/esm\/vs\/(.*)$/, replacement: 'monaco-editor/$1' }] },
    worker: { format: 'es' },
    plugins: [tailwindcss(), svelte({ configFile: r('svelte.config.js') })],
    build: { outDir: r('out/renderer'), minify: true, chunkSizeWarningLimit: 5000, rolldownOptions: { input: r('renderer/index.html') } },
  },
})

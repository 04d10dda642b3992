/** The page alone, without a host: `vite -c renderer/vite.dev.config.ts`, then open `/?fake`. */
import { resolve } from 'node:path'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import tailwindcss from '@tailwindcss/vite'
import { defineConfig } from 'vite'

const r = (path: string) => resolve(import.meta.dirname, path)

export default defineConfig({
  root: r('.'),
  resolve: { alias: [{ find: /^monaco-editor\/esm\/vs\/(.*)$/, replacement: 'monaco-editor/$1' }] },
  worker: { format: 'es' },
  plugins: [tailwindcss(), svelte({ configFile: r('../svelte.config.js') })],
  server: { fs: { allow: [r('..')] } },
})

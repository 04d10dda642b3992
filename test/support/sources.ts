/** The project's source files and their imports, for the tests that hold the house together. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative, sep } from 'node:path'

export const ROOT = normalize(join(import.meta.dirname, '..', '..'))

export interface SourceFile {
  /** From the project's root, with `/`. */
  path: string
  text: string
}

export interface Import {
  from: string
  /** A path from the project's root for a file of ours, else a package's name. */
  to: string
  own: boolean
}

export function sourcesOf(...folders: string[]): SourceFile[] {
  return folders.flatMap((folder) => walk(join(ROOT, folder))).filter((path) => /\.(ts|svelte)$/.test(path) && !path.endsWith('.d.ts')).map((path) => ({
    path: relative(ROOT, path).split(sep).join('/'),
    text: readFileSync(path, 'utf8'),
  }))
}

export function isTest(path: string): boolean {
  return path.endsWith('.test.ts') || path.startsWith('test/')
}

const IMPORT = /(?:^|\n)\s*(?:import|export)\s[^'"`;]*?from\s*['"]([^'"]+)['"]|(?:^|\n)\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/g

export function importsOf(file: SourceFile): Import[] {
  const imports: Import[] = []
  for (const match of file.text.matchAll(IMPORT)) {
    const to = match[1] ?? match[2] ?? match[3]
    if (to.startsWith('.')) {
      const path = normalize(join(dirname(file.path), to.replace(/\?.*$/, ''))).split(sep).join('/')
      imports.push({ from: file.path, to: path, own: true })
    } else imports.push({ from: file.path, to, own: false })
  }
  return imports
}

function walk(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return entry.name === 'node_modules' || entry.name === 'out' ? [] : walk(path)
    return [path]
  })
}

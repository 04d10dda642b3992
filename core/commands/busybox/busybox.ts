/** busybox(1) itself: `busybox APPLET ARGUMENT...`, and the list of its applets. */
import { byText } from '../../base/text-order.ts'
import type { Executable } from '../../linux/program.ts'

const BANNER = 'BusyBox v1.36.1 multi-call binary.\n'
const LIST_WIDTH = 72

/** Lines of a list as busybox breaks them: a tab, then names until the line is full. */
function listed(names: readonly string[]): string {
  const lines: string[] = []
  let line = ''
  for (const name of names) {
    if (line.length + name.length > LIST_WIDTH) {
      lines.push(line)
      line = ''
    }
    line += line === '' ? name : `, ${name}`
  }
  return [...lines, line].map((text) => `\t${text}`).join(',\n')
}

export function busybox(entries: () => readonly (readonly [path: string, executable: Executable])[]): Executable {
  const applets = (): Map<string, Executable> => new Map(entries().map(([path, executable]) => [path.slice(path.lastIndexOf('/') + 1), executable]))
  return {
    *program(proc, argv) {
      const known = applets()
      const names = [...known.keys()].sort(byText)
      const [name, ...rest] = argv.slice(1)
      if (name === '--list') {
        proc.print(`${names.join('\n')}\n`)
        return 0
      }
      if (name === undefined || name === '--help') {
        proc.print(`${BANNER}\nUsage: busybox [function [arguments]...]\n   or: busybox --list\n\nCurrently defined functions:\n${listed(names)}\n`)
        return 0
      }
      const applet = known.get(name)
      if (!applet) {
        proc.error(`${name}: applet not found\n`)
        return 127
      }
      return yield* applet.program(proc, [name, ...rest])
    },
    complete: (_proc, _words, index) => (index === 1 ? [...applets().keys()].sort(byText) : []),
  }
}

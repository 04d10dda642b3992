/** man(1): there are no manual pages on these machines; each command answers `--help` or `help`. */
import { immediate } from '../command.ts'

export const man = immediate((proc, argv) => {
  const name = argv.slice(1).filter((word) => !/^(-|\d$)/.test(word)).pop()
  if (name === undefined) {
    proc.error("What manual page do you want?\nFor example, try 'man man'.\n")
    return 1
  }
  const known = (proc.env.get('PATH') ?? '').split(':').some((directory) => proc.fs.exists(`${directory}/${name}`))
  if (!known) {
    proc.error(`No manual entry for ${name}\n`)
    return 16
  }
  proc.print(`Manual pages are not installed here. Try \`${name} --help\`.\n`)
  return 0
})

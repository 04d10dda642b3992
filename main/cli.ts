/** The command line: which command, its help, and what its end means (0 done, 1 the thing asked about failed, 2 bad usage or input). */
import { packageVersion } from './host/version.ts'
import { UsageError } from './cli/usage.ts'

interface Command {
  summary: string
  load(): Promise<{ run(args: string[]): Promise<number> }>
}

const COMMANDS: Record<string, Command> = {
  start: { summary: 'the app: a desktop window, or the browser', load: () => import('./cli/start.ts') },
  sh: { summary: 'run terminal input on `workstation`, as fast as the machine can', load: () => import('./cli/sh.ts') },
  probe: { summary: 'send flows through a world and print what happened', load: () => import('./cli/probe.ts') },
  lab: { summary: 'list, lint and test labs', load: () => import('./cli/lab.ts') },
  session: { summary: 'look at a recorded session, or replay it', load: () => import('./cli/session.ts') },
  bench: { summary: 'the benchmarks, with figures as JSON lines', load: () => import('./cli/bench.ts') },
}

const HELP = `Vethlab ${packageVersion()}: a Kubernetes cluster, simulated down to the packet.

Usage: vethlab [COMMAND] [OPTIONS]

${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(9)} ${summary}`)
  .join('\n')}

\`vethlab COMMAND --help\` explains one of them. Without a command the app starts.
`

async function main(args: string[]): Promise<number> {
  const [name = 'start', ...rest] = args
  if (name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(HELP)
    return 0
  }
  if (name === '--version' || name === 'version') {
    console.log(packageVersion())
    return 0
  }
  const known = Object.hasOwn(COMMANDS, name)
  const command = known ? COMMANDS[name] : name.startsWith('-') ? COMMANDS['start'] : null
  if (!command) throw new UsageError(`there is no command "${name}"; \`vethlab --help\` lists them`)
  const { run } = await command.load()
  return run(known ? rest : args)
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof Error)) throw error
  const usage = error instanceof UsageError || (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS')
  const expected = usage || error.name === 'ScenarioError' || error.name === 'StorageError'
  console.error(expected ? `vethlab: ${error.message}` : error.stack)
  process.exitCode = 2
}

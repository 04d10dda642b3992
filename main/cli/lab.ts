/** `vethlab lab`: what labs there are, whether they read, and whether each proves itself. */
import { parseArgs } from 'node:util'
import { proveLab } from '../../core/session/lab-proof.ts'
import { findLabs, readLabFolder, type ReadLab } from '../host/labs.ts'
import { labScenario } from '../host/service.ts'
import { UsageError } from './usage.ts'

const HELP = `Usage: vethlab lab list
       vethlab lab lint [LAB…]
       vethlab lab test [LAB…] [--report junit]

list   names the labs
lint   reads them and says what is wrong, with file and place
test   proves them: each step's checks fail at its start and pass after its solution, twice with equal digests
LAB is NN-track/NN-lab, or a part of it.
`

interface Outcome {
  lab: string
  step: string
  problem: string
}

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: { report: { type: 'string' }, help: { type: 'boolean', short: 'h' } } })
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  const [verb, ...names] = positionals
  if (values.report !== undefined && values.report !== 'junit') throw new UsageError(`--report takes junit, not "${values.report}"`)
  const labs = choose(names)
  if (verb === 'list') return list(labs)
  if (verb === 'lint') return lint(labs)
  if (verb === 'test') return test(labs, values.report === 'junit')
  throw new UsageError('lab takes list, lint or test')
}

function choose(names: string[]): ReadLab[] {
  const all = findLabs()
  for (const name of names) if (!all.some((lab) => lab.id.includes(name))) throw new UsageError(`there is no lab "${name}"; \`vethlab lab list\` names them`)
  return all.filter((lab) => names.length === 0 || names.some((name) => lab.id.includes(name))).map(readLabFolder)
}

function list(labs: ReadLab[]): number {
  const width = Math.max(...labs.map((lab) => lab.id.length))
  for (const { id, definition } of labs) console.log(`${id.padEnd(width)}  ${definition ? `${definition.title.en} (${definition.steps.length} steps, ${definition.minutes} min)` : 'does not read: run lint'}`)
  return 0
}

function lint(labs: ReadLab[]): number {
  let count = 0
  for (const { id, problems } of labs) {
    for (const { file, path, message } of problems) {
      console.log(`labs/${id}/${file}: ${path === '' ? '' : `${path}: `}${message}`)
      count += 1
    }
  }
  console.log(count === 0 ? `${labs.length} labs read well` : `${count} problems`)
  return count === 0 ? 0 : 1
}

function test(labs: ReadLab[], junit: boolean): number {
  const outcomes = labs.flatMap(prove)
  const failed = outcomes.filter((outcome) => outcome.problem !== '').length
  if (junit) console.log(report(outcomes, failed))
  else {
    for (const { lab, step, problem } of outcomes) console.log(`${problem === '' ? 'ok  ' : 'FAIL'} ${lab} ${step}${problem === '' ? '' : `: ${problem}`}`)
    console.log(`${outcomes.length - failed} passed, ${failed} failed`)
  }
  return failed === 0 ? 0 : 1
}

/** Two proofs of one lab, and that they say the same. */
function prove(lab: ReadLab): Outcome[] {
  const { id, definition, problems } = lab
  if (!definition) return [{ lab: id, step: '', problem: problems.map((problem) => `${problem.path}: ${problem.message}`).join('; ') }]
  const scenario = labScenario(definition)
  const first = proveLab(definition, scenario)
  const outcomes = first.steps.map(({ step, problem }) => ({ lab: id, step, problem }))
  if (outcomes.some((outcome) => outcome.problem !== '')) return outcomes
  const second = proveLab(definition, scenario)
  const problem = first.digest === second.digest ? '' : `two runs differ: ${first.digest} and ${second.digest}`
  return [...outcomes, { lab: id, step: '(same digest twice)', problem }]
}

function report(outcomes: Outcome[], failed: number): string {
  const escape = (text: string): string => text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`)
  const cases = outcomes.map(({ lab, step, problem }) => {
    const head = `  <testcase classname="${escape(lab)}" name="${escape(step)}"`
    return problem === '' ? `${head}/>` : `${head}><failure message="${escape(problem)}"/></testcase>`
  })
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuite name="labs" tests="${outcomes.length}" failures="${failed}">\n${cases.join('\n')}\n</testsuite>`
}

/** kubectl at a real terminal of a whole cluster: exec, attach, logs, run and edit, as a person types them. */
import { expect, test } from 'vitest'
import { buildCluster } from '../../core/cluster/cluster.ts'
import { defaultWorld } from '../../core/cluster/world-spec.ts'
import { Clock } from '../../core/sim/clock.ts'
import { RandomStreams } from '../../core/sim/random.ts'
import { Trace } from '../../core/sim/trace.ts'

class Person {
  readonly #clock = new Clock()
  readonly trace = new Trace(this.#clock)
  readonly cluster = buildCluster(defaultWorld({ nodes: 1 }), { clock: this.#clock, random: new RandomStreams(1), trace: this.trace })
  #screen = ''
  readonly #input: (data: string) => void

  constructor() {
    if (!this.cluster.boot()) throw new Error('the cluster does not boot')
    const terminal = this.cluster.openTerminal({
      id: 't1',
      machine: 'workstation',
      pod: '',
      columns: 120,
      rows: 40,
      onOutput: (text) => {
        this.#screen += text
      },
      onExit: () => {},
    })
    if (typeof terminal === 'string') throw new Error(terminal)
    this.#input = (data) => terminal.tty.input(data)
    this.pass(2)
  }

  pass(seconds: number): void {
    const end = this.#clock.nowUs + seconds * 1_000_000
    while ((this.#clock.nextAtUs ?? Number.MAX_SAFE_INTEGER) <= end) this.#clock.step()
  }

  /** What the screen shows after it, without colours, echo and prompts. */
  type(line: string, seconds = 5): string {
    this.#screen = ''
    this.#input(line)
    this.pass(seconds)
    const echo = line.replace(/\r$/, '')
    return this.#screen
      .replace(/\x1b\[[0-9;?]*[a-zA-Z]/g, '')
      .replace(/\r+\n/g, '\n')
      .replace(/^workstation:~\$ /gm, '')
      .replace(`${echo}\n`, '')
  }

  file(path: string): string {
    return String(this.cluster.machines.get('workstation')?.fs.read(path))
  }

  /** Saves a file as the editor does; what the screen shows then. */
  save(path: string, text: string): string {
    this.#screen = ''
    this.cluster.machines.get('workstation')?.fs.write(path, text)
    this.pass(2)
    return this.#screen.replaceAll('\r\n', '\n')
  }
}

const person = new Person()

test('exec passes output, input and exit codes on', () => {
  expect(person.type('kubectl run web --image=nginx --port=80\r')).toBe('pod/web created\n')
  expect(person.type('kubectl wait --for=condition=Ready pod/web\r', 30)).toBe('pod/web condition met\n')
  expect(person.type('kubectl exec web -- hostname\r')).toBe('web\n')
  expect(person.type("kubectl exec web -- sh -c 'echo out; echo err >&2; exit 3'; echo code $?\r")).toBe(
    'out\nerr\ncommand terminated with exit code 3\ncode 3\n',
  )
  expect(person.type('echo hello | kubectl exec -i web -- cat\r')).toBe('hello\n')
  expect(person.type('kubectl exec web -c nope -- ls\r')).toBe('error: container nope is not valid for pod web out of: web\n')
  expect(person.type('kubectl exec web ls\r')).toContain('is not supported anymore')
})

test('exec -it is a terminal: ^C goes to the far side, and the near side is as before', () => {
  person.type('kubectl exec -it web -- sh\r')
  expect(person.type('hostname\r')).toContain('web\n')
  person.type('sleep 1000\r')
  expect(person.type('\x03')).toContain('^C')
  expect(person.type('echo still here\r')).toContain('still here\n')
  expect(person.type('exit 5\r')).toContain('command terminated with exit code 5\n')
  expect(person.type('echo back\r')).toBe('back\n')
})

test('logs -f goes on until ^C', () => {
  const shown = person.type('kubectl logs -f web --tail=1\r')
  expect(shown).toContain('start worker processes')
  expect(person.type('\x03')).toBe('^C\n')
  expect(person.type('kubectl logs web -c nope\r')).toBe('error: container nope is not valid for pod web out of: web\n')
  expect(person.type('kubectl logs web -p\r')).toContain('previous terminated container "web" in pod "web" not found')
})

test('run --rm cleans up and passes the exit code on', () => {
  expect(person.type('kubectl run once --image=busybox --restart=Never -it --rm -- sh -c "echo hi; exit 4"; echo code $?\r', 60)).toBe(
    'hi\npod "once" deleted\npod default/once terminated (Error)\ncode 4\n',
  )
  expect(person.type('kubectl run tmp --image=busybox --restart=Never -it --rm -- sh\r', 20)).toContain(
    "If you don't see a command prompt, try pressing enter.",
  )
  expect(person.type('hostname\r')).toContain('tmp\n')
  expect(person.type('exit\r', 40)).toContain('pod "tmp" deleted\n')
  expect(person.type('kubectl get pod tmp\r')).toBe('Error from server (NotFound): pods "tmp" not found\n')
})

test('edit opens the editor, reports what the server refuses, and sends what it takes', () => {
  const path = '/root/.kubectl-edit/pods-default-web.yaml'
  person.trace.drain()
  expect(person.type('kubectl edit pod web\r')).toBe(`Waiting for ${path} to be saved in the editor (Ctrl-C gives up) ...\n`)
  expect(person.trace.drain().events.filter((event) => event.kind === 'editor.open')).toEqual([{ kind: 'editor.open', path }])
  const text = person.file(path)
  person.save(path, text.replace('run: web', 'run: web\n  lables: {a: b}'))
  expect(person.file(path)).toContain(
    '# Error from server (BadRequest): Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "metadata.lables"\n',
  )
  person.save(path, text.replace('run: web', 'run: web\n    foo: bar'))
  expect(person.type('kubectl get pod web -L foo --no-headers -o custom-columns=X:.metadata.labels.foo\r')).toContain('bar\n')
  expect(person.file(path)).toBe('ENOENT')
})

test('edit without a change says so', () => {
  const path = '/root/.kubectl-edit/pods-default-web.yaml'
  person.type('kubectl edit pod web\r')
  expect(person.save(path, person.file(path))).toContain('Edit cancelled, no changes made.\n')
})

test('a watch ends with ^C, and delete waits until the pod is gone', () => {
  expect(person.type('kubectl get pod web -w --no-headers -o name\r')).toBe('pod/web\n')
  expect(person.type('\x03')).toBe('^C\n')
  expect(person.type('kubectl delete pod web; kubectl get pods\r', 60)).toBe(
    'pod "web" deleted\nNo resources found in default namespace.\n',
  )
})

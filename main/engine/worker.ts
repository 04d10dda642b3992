/** The engine's thread: a mailbox around `Engine`. A hung world can be ended with the thread, and opened again from its journal. */
import { parentPort } from 'node:worker_threads'
import { Engine } from './engine.ts'
import type { EngineCommand, EngineNews } from './messages.ts'

const port = parentPort
if (!port) throw new Error('the engine runs on a worker thread')

const tell = (news: EngineNews): void => port.postMessage(news)
const engine = new Engine(tell)

function run(command: EngineCommand): unknown {
  switch (command.kind) {
    case 'open':
      return engine.open(command.open)
    case 'close':
      return engine.close()
    case 'submit':
      return engine.submit(command.input)
    case 'play':
      return engine.play(command.speed)
    case 'pause':
      return engine.pause()
    case 'step':
      return engine.step(command.what)
    case 'seek':
      return engine.seek(command.atUs)
    case 'stepBack':
      return engine.stepBack()
    case 'present':
      return engine.present()
    case 'takeOver':
      return engine.takeOver()
    case 'rules':
      return engine.rules(command.netns)
    case 'history':
      return engine.sendHistory()
  }
}

port.on('message', ({ id, command }: { id: number; command: EngineCommand }) => {
  try {
    tell({ kind: 'answer', id, value: run(command) ?? null })
  } catch (error) {
    const { name, message } = error as Error
    if (name !== 'Error' && name !== 'ScenarioError') {
      tell({ kind: 'trouble', trouble: { kind: 'bug', message: `The world stopped: ${message}`, report: engine.report(error as Error) } })
    }
    tell({ kind: 'refusal', id, message })
  }
})

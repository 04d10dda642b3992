/** The host's end of the engine: starts the thread, asks it, and starts it again when it had to be ended. */
import { Worker } from 'node:worker_threads'
import type { EngineAnswers, EngineCommand, EngineNews } from './messages.ts'

type News = Exclude<EngineNews, { kind: 'answer' | 'refusal' }>

interface Waiting {
  resolve(value: unknown): void
  reject(error: Error): void
}

export class EngineThread {
  readonly #onNews: (news: News) => void
  readonly #waiting = new Map<number, Waiting>()
  #worker: Worker | null = null
  #nextId = 1

  constructor(onNews: (news: News) => void) {
    this.#onNews = onNews
  }

  ask<K extends EngineCommand['kind']>(command: Extract<EngineCommand, { kind: K }>): Promise<K extends keyof EngineAnswers ? EngineAnswers[K] : null> {
    const worker = this.#worker ?? this.#start()
    const id = this.#nextId
    this.#nextId += 1
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject })
      worker.postMessage({ id, command })
    })
  }

  /** Ends the thread, whatever it does. Questions that wait are refused. */
  async end(): Promise<void> {
    const worker = this.#worker
    this.#worker = null
    this.#refuseAll('The engine was ended.')
    await worker?.terminate()
  }

  #start(): Worker {
    const worker = new Worker(new URL(workerFile(), import.meta.url), { resourceLimits: { maxOldGenerationSizeMb: 4096 } })
    this.#worker = worker
    worker.on('message', (news: EngineNews) => {
      if (news.kind === 'answer') {
        this.#waiting.get(news.id)?.resolve(news.value)
        this.#waiting.delete(news.id)
      } else if (news.kind === 'refusal') {
        this.#waiting.get(news.id)?.reject(new Error(news.message))
        this.#waiting.delete(news.id)
      } else this.#onNews(news)
    })
    worker.on('error', (error) => {
      if (this.#worker === worker) this.#worker = null
      this.#refuseAll(`The engine stopped: ${error.message}`)
      this.#onNews({ kind: 'trouble', trouble: { kind: 'bug', message: `The engine stopped: ${error.message}. Open the session again: its journal is safe.`, report: error.stack ?? '' } })
    })
    return worker
  }

  #refuseAll(message: string): void {
    for (const waiting of this.#waiting.values()) waiting.reject(new Error(message))
    this.#waiting.clear()
  }
}

/** From the sources the worker lies beside this file; from the build in the entry folder, and this file perhaps in its chunks. */
function workerFile(): string {
  if (import.meta.url.endsWith('.ts')) return './worker.ts'
  return import.meta.url.includes('/chunks/') ? '../engine.js' : './engine.js'
}

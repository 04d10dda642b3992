/** kubectl events. Truth: k8s.io/kubectl/pkg/cmd/events. */
import { humanDuration, parseTime } from '../../../api/meta/timestamp.ts'
import type { KubeObject } from '../../../api/types/index.ts'
import { WaitQueue } from '../../../linux/wait.ts'
import { byText } from '../../../base/text-order.ts'
import { type CommandSpec, flag } from '../command-line.ts'
import { KubectlError } from '../kubectl-error.ts'
import { PRINT_FLAGS, printerOf } from '../print/output.ts'
import { TABLE_STYLE, TabWriter } from '../print/tab-writer.ts'
import { ALL_NAMESPACES_FLAG, select } from '../selection.ts'

export interface EventObject extends KubeObject {
  type?: string
  reason?: string
  message?: string
  count?: number
  firstTimestamp?: string | null
  lastTimestamp?: string | null
  eventTime?: string | null
  series?: { count: number; lastObservedTime: string }
  involvedObject: { kind?: string; name?: string; uid?: string; namespace?: string; fieldPath?: string }
  source?: { component?: string; host?: string }
  reportingComponent?: string
}

export const eventsCommand: CommandSpec = {
  name: 'events',
  group: 'Troubleshooting and Debugging Commands',
  short: 'List events',
  usage: 'events [(-o|--output=)json|yaml|name|…] [--for TYPE/NAME] [--watch] [--types=Normal,Warning] [options]',
  examples: ['kubectl events', 'kubectl events --for pod/web --watch', 'kubectl events -A --types=Warning'],
  flags: [
    ...PRINT_FLAGS,
    ALL_NAMESPACES_FLAG,
    flag('int', 'chunk-size', '500', 'Accepted and ignored.'),
    flag('string', 'for', '', 'Events of one object, TYPE/NAME.'),
    flag('bool', 'no-headers', 'false', 'No heading.'),
    flag('strings', 'types', '', 'Normal, Warning.'),
    flag('bool', 'watch', 'false', 'Go on with what comes.', 'w'),
  ],
  *run(kube) {
    const types = kube.flags.list('types')
    for (const type of types)
      if (!['normal', 'warning'].includes(type.toLowerCase())) throw new KubectlError('valid --types are Normal or Warning')
    const all = kube.flags.on('all-namespaces')
    const target = kube.flags.text('for') === '' ? null : select(kube, [kube.flags.text('for')]).targets[0]
    const wanted = (event: EventObject): boolean =>
      (types.length === 0 || types.some((type) => type.toLowerCase() === (event.type ?? '').toLowerCase())) &&
      (target === null || (event.involvedObject.kind === target.definition.kind && event.involvedObject.name === target.name))
    const scope = all ? {} : { namespace: kube.namespace }
    const list = kube.call((client) => client.list('events', scope))
    const events = (list.items as EventObject[])
      .filter(wanted)
      .sort((a, b) => lastSeenMs(a) - lastSeenMs(b) || byText(a.metadata.name, b.metadata.name))
    const printer = printerOf(kube)
    const watching = kube.flags.on('watch')
    if (events.length === 0 && !watching) {
      kube.error(all ? 'No events found.\n' : `No events found in ${kube.namespace} namespace.\n`)
      return 0
    }
    const writer = new TabWriter(TABLE_STYLE, true)
    let headed = kube.flags.on('no-headers')
    const show = (batch: readonly EventObject[]): void => {
      if (printer) {
        if (watching) for (const event of batch) kube.print(printer(event, () => `event/${event.metadata.name}`))
        else
          kube.print(
            printer(
              { apiVersion: 'v1', items: batch, kind: 'EventList', metadata: { resourceVersion: '' } },
              (object) => `event/${(object as EventObject).metadata.name}`,
            ),
          )
        return
      }
      const head = headed ? '' : `${all ? 'NAMESPACE\t' : ''}LAST SEEN\tTYPE\tREASON\tOBJECT\tMESSAGE\n`
      headed = true
      kube.print(
        writer.format(
          head +
            batch
              .map(
                (event) =>
                  `${all ? `${event.metadata.namespace ?? ''}\t` : ''}${eventAge(event, kube.nowMs)}\t${event.type ?? ''}\t${event.reason ?? ''}\t${event.involvedObject.kind ?? ''}/${event.involvedObject.name ?? ''}\t${(event.message ?? '').trim()}\n`,
              )
              .join(''),
        ),
      )
    }
    if (events.length > 0) show(events)
    if (!watching) return 0
    const queue: EventObject[] = []
    const arrived = new WaitQueue()
    const stop = kube.client.watch('events', { ...scope, resourceVersion: list.metadata.resourceVersion }, (change) => {
      if (change.type === 'DELETED' || change.type === 'BOOKMARK' || change.type === 'ERROR') return
      if (wanted(change.object as EventObject)) queue.push(change.object as EventObject)
      arrived.wake()
    })
    try {
      for (;;) {
        for (let event = queue.shift(); event; event = queue.shift()) show([event])
        if (!(yield* kube.proc.flush())) return 0
        if (queue.length === 0) yield arrived.wait
      }
    } finally {
      stop()
    }
  },
}

export function lastSeenMs(event: EventObject): number {
  return (
    parseTime(event.series?.lastObservedTime) ??
    parseTime(event.lastTimestamp) ??
    parseTime(event.eventTime) ??
    parseTime(event.firstTimestamp) ??
    0
  )
}

/** `5m (x3 over 10m)`: how long ago, how often. */
export function eventAge(event: EventObject, nowMs: number): string {
  const since = (time: string | null | undefined): string => {
    const ms = parseTime(time)
    return ms === undefined ? '<unknown>' : humanDuration(nowMs - ms)
  }
  const first = event.eventTime ? since(event.eventTime) : since(event.firstTimestamp)
  if (event.series) return `${since(event.series.lastObservedTime)} (x${event.series.count} over ${first})`
  return (event.count ?? 0) > 1 ? `${since(event.lastTimestamp)} (x${event.count} over ${first})` : first
}

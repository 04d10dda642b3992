/** events (core/v1): printEvent. Omits: events.k8s.io, event series by the API (the recorder counts). */
import { age, humanDuration, parseTime } from '../meta/timestamp.ts'
import { invalid } from '../meta/field-error.ts'
import type { KubeEvent } from '../types/index.ts'
import { column, wide } from './columns.ts'
import { defineResource, nameColumn } from './definition.ts'

export const events = defineResource<KubeEvent>({
  kind: 'Event',
  plural: 'events',
  shortNames: ['ev'],
  validate(event) {
    const namespace = event.involvedObject?.namespace || 'default'
    return event.metadata.namespace === namespace
      ? []
      : [invalid('involvedObject.namespace', event.involvedObject?.namespace ?? '', 'does not match event.namespace')]
  },
  columns: [
    column<KubeEvent>('Last Seen', lastSeen),
    column<KubeEvent>('Type', (e) => e.type ?? ''),
    column<KubeEvent>('Reason', (e) => e.reason ?? ''),
    column<KubeEvent>('Object', (e) => {
      const { kind, name } = e.involvedObject
      return kind ? `${kind.toLowerCase()}/${name ?? ''}` : (name ?? '')
    }),
    wide<KubeEvent>('Subobject', (e) => e.involvedObject.fieldPath ?? ''),
    wide<KubeEvent>('Source', (e) => {
      const component = e.source?.component || e.reportingComponent || ''
      return e.source?.host ? `${component}, ${e.source.host}` : component
    }),
    column<KubeEvent>('Message', (e) => (e.message ?? '').trim()),
    wide<KubeEvent>('First Seen', (e, now) => firstSeen(e, now)),
    wide<KubeEvent>('Count', (e) => e.series?.count ?? (e.count || 1)),
    { ...nameColumn<KubeEvent>(), priority: 1 },
  ],
  selectableFields: new Map([
    ['involvedObject.kind', (e: KubeEvent) => e.involvedObject.kind ?? ''],
    ['involvedObject.namespace', (e: KubeEvent) => e.involvedObject.namespace ?? ''],
    ['involvedObject.name', (e: KubeEvent) => e.involvedObject.name ?? ''],
    ['involvedObject.uid', (e: KubeEvent) => e.involvedObject.uid ?? ''],
    ['involvedObject.apiVersion', (e: KubeEvent) => e.involvedObject.apiVersion ?? ''],
    ['involvedObject.resourceVersion', (e: KubeEvent) => e.involvedObject.resourceVersion ?? ''],
    ['involvedObject.fieldPath', (e: KubeEvent) => e.involvedObject.fieldPath ?? ''],
    ['reason', (e: KubeEvent) => e.reason ?? ''],
    ['reportingComponent', (e: KubeEvent) => e.reportingComponent ?? ''],
    ['source', (e: KubeEvent) => e.source?.component || e.reportingComponent || ''],
    ['type', (e: KubeEvent) => e.type ?? ''],
  ]),
})

function firstSeen(event: KubeEvent, nowMs: number): string {
  return age(event.firstTimestamp || event.eventTime, nowMs)
}

function lastSeen(event: KubeEvent, nowMs: number): string {
  const first = parseTime(event.firstTimestamp || event.eventTime)
  const last = parseTime(event.series?.lastObservedTime || event.lastTimestamp) ?? first
  if (last === undefined) return '<unknown>'
  const text = humanDuration(nowMs - last)
  const count = event.series?.count ?? event.count ?? 1
  return count > 1 && first !== undefined ? `${text} (x${count} over ${humanDuration(nowMs - first)})` : text
}

import { expect, test } from 'vitest'
import { DESCRIBE_STYLE, TABLE_STYLE, tabbed, TabWriter } from './tab-writer.ts'

test('columns end where a line has no such cell', () => {
  expect(
    tabbed(
      'Name:\tweb\nLabels:\tapp=web\n\tpod-template-hash=1\nContainers:\n  a:\n    Image:\tx\n    Ports:\t<none>\nA long heading without cell\nQoS Class:\tBestEffort\n',
      DESCRIBE_STYLE,
    ),
  ).toBe(
    `Name:    web
Labels:  app=web
         pod-template-hash=1
Containers:
  a:
    Image:  x
    Ports:  <none>
A long heading without cell
QoS Class:  BestEffort
`,
  )
})

test('a table; rows that come later keep its widths', () => {
  const writer = new TabWriter(TABLE_STYLE, true)
  expect(writer.format('NAME\tREADY\tSTATUS\nweb-7c5ddbdf54-x2x7k\t1/1\tRunning\n')).toBe(
    'NAME                   READY   STATUS\nweb-7c5ddbdf54-x2x7k   1/1     Running\n',
  )
  expect(writer.format('a\t0/1\tPending\n')).toBe('a                      0/1     Pending\n')
})

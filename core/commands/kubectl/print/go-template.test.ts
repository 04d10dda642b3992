import { expect, test } from 'vitest'
import { renderGoTemplate } from './go-template.ts'

const object = {
  kind: 'List',
  items: [
    { metadata: { name: 'a', labels: { app: 'x' } }, n: 1 },
    { metadata: { name: 'b' }, n: 2 },
  ],
  data: { 'k.y': 'aGVsbG8=' },
}

test.each([
  ['{{.kind}}', 'List'],
  ['{{range .items}}{{.metadata.name}} {{end}}', 'a b '],
  ['{{range $i, $e := .items}}{{$i}}={{$e.metadata.name}}{{"\\n"}}{{end}}', '0=a\n1=b\n'],
  ['{{range .items}}{{if eq .metadata.name "a"}}first{{else}}other{{end}},{{end}}', 'first,other,'],
  ['{{len .items}}', '2'],
  ['{{index .data "k.y" | base64decode}}', 'hello'],
  ['{{(index .items 1).metadata.name}}', 'b'],
  ['{{.nothing}}', '<no value>'],
  ['{{with .nothing}}x{{else}}none{{end}}', 'none'],
  ['{{range .items}}{{printf "%-3s|%d" .metadata.name .n}}\n{{end}}', 'a  |1\nb  |2\n'],
  ['a {{- " b" -}} \n c', 'a bc'],
  ['{{.data}}', 'map[k.y:aGVsbG8=]'],
  ['{{range .items}}', { error: 'unexpected EOF' }],
  ['{{foo .}}', { error: 'function "foo" not defined' }],
])('%s', (template, expected) => {
  expect(renderGoTemplate(template, object)).toEqual(expected)
})

import { expect, test } from 'vitest'
import { UsageError } from '../../src/failure.ts'
import { fillTemplate } from '../../src/output/template.ts'

const data = {
  Digest: 'sha256:abc',
  Size: 12,
  Labels: { 'org.example.a': 'b' },
  Layers: ['one', 'two'],
  LayersData: [{ Size: 1 }, { Size: 2 }],
  Nothing: null,
}

test.each([
  ['{{.Digest}}', 'sha256:abc'],
  ['{{ .Digest }} of {{.Size}}', 'sha256:abc of 12'],
  ['{{json .Labels}}', '{"org.example.a":"b"}'],
  ['{{.Labels}}', '{"org.example.a":"b"}'],
  ['{{range .Layers}}{{.}}\\n{{end}}', 'one\ntwo\n'],
  ['{{range .LayersData}}{{.Size}},{{end}}', '1,2,'],
  ['{{range .Digest}}never{{end}}', ''],
  ['a\\tb', 'a\tb'],
  ['{{.Missing}}{{.Nothing}}{{.Digest.length}}', ''],
  ['{{json .Missing}}', 'null'],
  ['{{.constructor}}{{.__proto__}}', ''],
])('%s becomes %j', (template, expected) => {
  expect(fillTemplate(template, data)).toBe(expected)
})

test.each(['{{range .Layers}}', '{{end}}', '{{if .Digest}}', '{{Digest}}', '{{index .Labels "a"}}'])(
  '%s is refused',
  (template) => {
    expect(() => fillTemplate(template, data)).toThrow(UsageError)
  },
)

import { expect, test } from 'vitest'
import { redactText } from '../src/redact.ts'
import { redactUrl } from '../src/index.ts'

test('a URL loses user, query and fragment', () => {
  expect(redactUrl(new URL('https://u:p@example.com:5000/v2/x?X-Amz-Signature=abc#t'))).toBe(
    'https://example.com:5000/v2/x?…',
  )
  expect(redactUrl('https://example.com/v2/')).toBe('https://example.com/v2/')
  expect(redactUrl('no url p@ss')).toBe('an invalid URL')
})

test.each([
  ['Bearer eyJhbGciOiJ.eyJhIjoxfQ.c2ln was refused', 'eyJ'],
  ['got Basic dXNlcjpzZWNyZXQ=', 'dXNlcjpzZWNyZXQ'],
  ['see https://u:secret@example.com/', 'secret'],
  ['https://s3/x?X-Amz-Signature=deadbeef&y=1', 'deadbeef'],
  ['refresh_token=hush', 'hush'],
  ['token eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.AbC-_', 'AbC-_'],
])('%s', (text, secret) => expect(redactText(text)).not.toContain(secret))

test('control characters and length are bounded', () => {
  expect(redactText('a\u001b[31mb')).toBe('a\\u{1b}[31mb')
  expect(redactText('x'.repeat(9999)).length).toBeLessThan(560)
})

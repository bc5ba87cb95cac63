import { expect, test } from 'vitest'
import { isNamed, namedHosts } from '../src/named-hosts.ts'

test.each([
  ['https://example.com/app.aci', 'example.com', true],
  ['HTTPS://Example.com:443/app.aci?x=https://other.example', 'example.com', true],
  ['https://example.com/app.aci', 'example.com:8443', false],
  ['https://example.com:8443/app.aci', 'example.com:8443', true],
  ['https://example.com:8443/app.aci', 'example.com', false],
  ['https://example.com/app.aci', 'storage.example.com', false],
  ['https://[::1]:8443/app.aci', '[::1]:8443', true],
  ['cimd:aci-archive:v=0:https%3A%2F%2Fexample.com%2Fapp.aci', 'example.com', true],
  ['cimd:aci-archive:v=0:https%3A%2F%2Fexample.com%2', 'example.com', false],
  ['appc:example.com/app:1.2', 'example.com', true],
  ['appc:example.com', 'example.com:8443', true],
  ['appc:example.com/app', 'example.com.evil.example', false],
  ['appc:example.com/app', 'evil.example', false],
  ['appc:cimd:appc:v=0:example.com%2Fapp?version=1', 'example.com', true],
  ['cimd:appc:v=0:example.com/app?version=1', 'example.com', true],
  ['example.com/app:1.2,os=linux', 'example.com', true],
  ['example.com/app:1.2', 'example.com', false],
  ['docker://example.com/app:1.2', 'example.com', false],
  ['http://example.com/app.aci', 'example.com', false],
  ['./example.com/app.aci', 'example.com', false],
])('%s names %s: %s', (name, host, expected) => {
  expect(isNamed(host, namedHosts([name]))).toBe(expected)
})

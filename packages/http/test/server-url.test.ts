import { describe, expect, test } from 'vitest'
import { addressKind } from '../src/address-kind.ts'
import { checkServerUrl } from '../src/server-url.ts'

const HTTPS = 'https://registry.example.com/v2/'
const HTTP = 'http://registry.example.com/v2/'

function judge(url: string, base: string, trustedHosts: readonly string[] = []): string {
  try {
    return checkServerUrl(url, new URL(base), { what: 'the redirect', trustedHosts }).href
  } catch (error) {
    return (error as Error).message
  }
}

describe('checkServerUrl accepts', () => {
  test.each([
    ['relative', 'blobs/x', HTTPS, 'https://registry.example.com/v2/blobs/x'],
    ['absolute path', '/token?a=b', HTTPS, 'https://registry.example.com/token?a=b'],
    ['another public host', 'https://cdn.example.net/x?sig=1', HTTPS, 'https://cdn.example.net/x?sig=1'],
    ['from http to https', 'https://cdn.example.net/x', HTTP, 'https://cdn.example.net/x'],
    ['http from http', 'http://cdn.example.net/x', HTTP, 'http://cdn.example.net/x'],
    ['a public IP address', 'https://93.184.216.34/x', HTTPS, 'https://93.184.216.34/x'],
    ['a public IPv6 address', 'https://[2606:2800:220:1::1]/x', HTTPS, 'https://[2606:2800:220:1::1]/x'],
    [
      'the registry itself on loopback',
      'http://127.0.0.1:5000/x',
      'http://127.0.0.1:5000/v2/',
      'http://127.0.0.1:5000/x',
    ],
    [
      'its token service on another port',
      'http://localhost:5001/t',
      'http://127.0.0.1:5000/',
      'http://localhost:5001/t',
    ],
    ['IPv6 loopback', 'http://[::1]:5001/t', 'http://localhost:5000/', 'http://[::1]:5001/t'],
    ['private from private', 'https://10.1.2.4/t', 'https://10.1.2.3:5000/', 'https://10.1.2.4/t'],
    ["the scheme's port written out", 'https://10.1.2.3:443/t', 'https://10.1.2.3/', 'https://10.1.2.3/t'],
    ['a fragment, which is dropped', 'https://cdn.example.net/x#y', HTTPS, 'https://cdn.example.net/x'],
    ['what looks like a relative path', '//cdn.example.net/x', HTTPS, 'https://cdn.example.net/x'],
  ])('%s', (_name, url, base, expected) => expect(judge(url, base)).toBe(expected))

  test('trusted hosts, with or without port', () => {
    expect(judge('https://10.0.0.7:8443/t', HTTPS, ['10.0.0.7:8443'])).toBe('https://10.0.0.7:8443/t')
    expect(judge('https://10.0.0.7/t', HTTPS, ['10.0.0.7'])).toBe('https://10.0.0.7/t')
    expect(judge('https://10.0.0.7:1/t', HTTPS, ['10.0.0.7:8443'])).toMatch(/private/)
  })
})

describe('checkServerUrl refuses', () => {
  test.each([
    ['plain http for https', 'http://registry.example.com/x', HTTPS, /plain http/],
    ['the same with a split scheme', 'ht\ntp://registry.example.com/x', HTTPS, /plain http/],
    ['file', 'file:///etc/passwd', HTTPS, /only http and https/],
    ['unix', 'unix:///var/run/x.sock', HTTPS, /only http and https/],
    ['data', 'data:,x', HTTPS, /only http and https/],
    ['user information', 'https://user:secret@registry.example.com/', HTTPS, /user name or password/],
    ['no URL', 'https://', HTTPS, /is not a URL/],
    ['an impossible host', 'https://a b/', HTTPS, /is not a URL/],
    ['localhost', 'https://localhost/x', HTTPS, /loopback/],
    ['localhost with a dot', 'https://localhost./x', HTTPS, /loopback/],
    ['a name below localhost', 'https://a.localhost/x', HTTPS, /loopback/],
    ['127.0.0.1', 'https://127.0.0.1/x', HTTPS, /loopback/],
    ['hexadecimal', 'https://0x7f.1/x', HTTPS, /loopback/],
    ['decimal', 'https://2130706433/x', HTTPS, /loopback/],
    ['octal', 'https://0177.0.0.1/x', HTTPS, /loopback/],
    ['full-width digits', 'https://１２７.０.０.１/x', HTTPS, /loopback/],
    ['a trailing dot', 'https://127.0.0.1./x', HTTPS, /loopback/],
    ['0.0.0.0', 'https://0.0.0.0/x', HTTPS, /loopback/],
    ['0', 'https://0/x', HTTPS, /loopback/],
    ['IPv6 loopback', 'https://[::1]/x', HTTPS, /loopback/],
    ['IPv6 unspecified', 'https://[::]/x', HTTPS, /loopback/],
    ['mapped', 'https://[::ffff:127.0.0.1]/x', HTTPS, /loopback/],
    ['mapped, hexadecimal', 'https://[::ffff:7f00:1]/x', HTTPS, /loopback/],
    ['compatible', 'https://[::127.0.0.1]/x', HTTPS, /loopback/],
    ['NAT64', 'https://[64:ff9b::10.0.0.1]/x', HTTPS, /private/],
    ['6to4', 'https://[2002:a00:1::]/x', HTTPS, /private/],
    ['metadata service', 'https://169.254.169.254/latest/', HTTPS, /link-local/],
    ['private 10', 'https://10.0.0.1/x', HTTPS, /private/],
    ['private 172', 'https://172.31.255.1/x', HTTPS, /private/],
    ['private 192', 'https://192.168.1.1/x', HTTPS, /private/],
    ['carrier grade NAT', 'https://100.100.100.200/x', HTTPS, /private/],
    ['unique local', 'https://[fd00::1]/x', HTTPS, /private/],
    ['link-local IPv6', 'https://[fe80::1]/x', HTTPS, /link-local/],
    ['multicast', 'https://224.0.0.1/x', HTTPS, /reserved/],
    ['backslashes to loopback', '\\\\127.0.0.1\\x', HTTPS, /loopback/],
    ['private from loopback', 'http://192.168.1.1/x', 'http://127.0.0.1:5000/', /private/],
    ['loopback from private', 'http://127.0.0.1/x', 'http://192.168.1.1/', /loopback/],
    ['link-local from link-local', 'http://169.254.169.254/x', 'http://169.254.1.1/', /link-local/],
  ])('%s', (_name, url, base, message) => expect(judge(url, base)).toMatch(message))

  test('with a message that says what, holds no secret and tells the way out', () => {
    const message = judge('https://user:secret@10.0.0.1/x?sig=abc', HTTPS)
    expect(message).not.toMatch(/secret|abc/)
    expect(judge('https://10.0.0.1/x?sig=abc', HTTPS)).toBe(
      'the redirect: https://10.0.0.1/x?… is refused, a server may not lead to a private address; ' +
        'if this is right, add "10.0.0.1:443" to trustedHosts',
    )
  })

  test('backslashes lead where they say, which is another host', () => {
    expect(judge('\\\\evil.example\\x', HTTPS)).toBe('https://evil.example/x')
  })

  test('the chain counts from the last hop, trust from the named host', () => {
    const options = { what: 'x', named: new URL('http://127.0.0.1:5000/') }
    expect(() => checkServerUrl('http://cdn.example.net/', new URL('https://cdn.example.net/'), options)).toThrow(
      /plain http/,
    )
    expect(checkServerUrl('https://127.0.0.1:6000/', new URL('https://cdn.example.net/'), options).port).toBe('6000')
  })
})

test('kinds of addresses', () => {
  expect(addressKind('example.com')).toBe('public')
  expect(addressKind('172.15.0.1')).toBe('public')
  expect(addressKind('172.32.0.1')).toBe('public')
  expect(addressKind('[::2]')).toBe('loopback') // 0.0.0.2, by the compatible form
  expect(addressKind('[2001:db8::1]')).toBe('public')
  expect(addressKind(new URL('http://[::ffff:8.8.8.8]').hostname)).toBe('public')
})

import { describe, expect, it, onTestFinished } from 'vitest'
import { parseHost } from '../../src/client/host.ts'

const plain = { hasCertificates: false }
const secured = { hasCertificates: true }

describe('a host', () => {
  it.each([
    ['unix:///var/run/docker.sock', plain, { path: '/var/run/docker.sock' }],
    ['unix:///run/user@1/docker.sock', plain, { path: '/run/user@1/docker.sock' }],
    ['npipe:////./pipe/docker_engine', plain, { path: String.raw`\\.\pipe\docker_engine` }],
    ['tcp://engine.example', plain, { hostname: 'engine.example', port: 2375, tls: false }],
    ['tcp://engine.example', secured, { hostname: 'engine.example', port: 2376, tls: true }],
    ['tcp://127.0.0.1:4243/', plain, { hostname: '127.0.0.1', port: 4243, tls: false }],
    ['tcp://[::1]:4243', secured, { hostname: '::1', port: 4243, tls: true }],
    ['http://engine:80', secured, { hostname: 'engine', port: 80, tls: false }],
    ['https://engine:443', plain, { hostname: 'engine', port: 443, tls: true }],
    ['https://engine', plain, { hostname: 'engine', port: 2376, tls: true }],
    ['tcp://engine:21', plain, { hostname: 'engine', port: 21, tls: false }],
  ])('%s, %j', (text, options, at) => {
    expect(parseHost(text, options)).toEqual({ text, at })
  })

  it.each([
    ['ssh://me@engine', 'ssh -nNT -L'],
    ['/var/run/docker.sock', 'write unix:///PATH'],
    ['unix://docker.sock', 'unix:///PATH'],
    ['unix:///a\0b', 'unix:///PATH'],
    ['npipe://docker_engine', 'npipe:////./pipe/NAME'],
    ['tcp://', 'no host name'],
    ['tcp://engine:port', 'a port that is none'],
    ['tcp://engine:70000', 'a port that is none'],
    ['http://engine:2375/base', 'nothing behind the port'],
    ['http://engine?x', 'nothing behind the port'],
    ['fd://', 'write unix:///PATH'],
    ['', 'write unix:///PATH'],
  ])('is not %j', (text, words) => {
    expect(() => parseHost(text, plain)).toThrow(words)
    expect(() => parseHost(text, plain)).toThrow(expect.objectContaining({ code: 'INVALID_DATA' }))
  })

  it('shows no password', () => {
    expect(() => parseHost('tcp://me:s3cret@engine:1', plain)).toThrow(/^(?!.*s3cret).*user or password/)
    expect(() => parseHost('ssh://me:s3cret@engine', plain)).toThrow(/^(?!.*s3cret)/)
  })

  it('is shown without control characters', () => {
    expect(parseHost('unix:///a\u001B[31m', plain)).toEqual({
      text: String.raw`unix:///a\u{1b}[31m`,
      at: { path: '/a\u001B[31m' },
    })
  })

  it.each([
    ['linux', 'unix:///var/run/docker.sock'],
    ['win32', 'npipe:////./pipe/docker_engine'],
  ])('is that of this machine without more: %s', (platform, text) => {
    const before = process.platform
    onTestFinished(() => void Object.defineProperty(process, 'platform', { value: before }))
    Object.defineProperty(process, 'platform', { value: platform })
    expect(parseHost(undefined, plain).text).toBe(text)
  })
})

import { MAX_CONFIG_BYTES } from '@crossdock/core'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ImageConfig, parseImageConfig } from '../src/index.ts'
import { bytesOf, digest, outcome, OUTCOMES } from './documents.ts'

function read(document: unknown): ImageConfig {
  return parseImageConfig(bytesOf(document))
}

test('everything that is known is taken', () => {
  const config = {
    User: '1:1',
    ExposedPorts: { '8080/tcp': {}, '53/udp': null },
    Env: ['PATH=/bin', 'ODD'],
    Entrypoint: ['/bin/sh'],
    Cmd: ['-c', 'true'],
    Volumes: { '/data': {} },
    WorkingDir: '/',
    Labels: { a: 'b' },
    StopSignal: 'SIGKILL',
    Healthcheck: { Test: ['NONE'] },
  }
  const history = [{ created: 'then', created_by: 'me', author: 'you', comment: 'c', empty_layer: true }, {}]
  const rest = {
    architecture: 'arm64',
    os: 'linux',
    variant: 'v8',
    'os.version': '1',
    'os.features': ['f'],
    created: 'now',
    author: 'me',
  }
  expect(
    read({
      ...rest,
      config,
      history,
      rootfs: { type: 'layers', diff_ids: [digest('1')] },
      docker_version: 'x',
      comment: 'c',
    }),
  ).toEqual({
    ...rest,
    dockerVersion: 'x',
    comment: 'c',
    config: {
      User: '1:1',
      ExposedPorts: ['8080/tcp', '53/udp'],
      Env: ['PATH=/bin', 'ODD'],
      Entrypoint: ['/bin/sh'],
      Cmd: ['-c', 'true'],
      Volumes: ['/data'],
      WorkingDir: '/',
      Labels: { a: 'b' },
      StopSignal: 'SIGKILL',
    },
    rootfs: { diffIds: [digest('1')] },
    history: [
      { created: 'then', createdBy: 'me', author: 'you', comment: 'c', emptyLayer: true },
      { emptyLayer: false },
    ],
  })
})

const NOTHING = {
  architecture: '',
  os: '',
  config: { ExposedPorts: [], Env: [], Volumes: [], Labels: {} },
  rootfs: { diffIds: [] },
  history: [],
}

test('null and missing are nothing: images without files and artifacts have such configs', () => {
  expect(read({})).toEqual(NOTHING)
  const config = { Env: null, Cmd: null, Entrypoint: null, Labels: null, ExposedPorts: null, Volumes: null, User: null }
  expect(read({ config, history: null, rootfs: { type: 'layers', diff_ids: null }, created: null })).toEqual(NOTHING)
  expect(read({ config: null, rootfs: null })).toEqual(NOTHING)
})

test.each([
  [null, 'must be an object, but is null'],
  [[], 'must be an object, but is an array'],
  [{ os: 1 }, 'os: must be a string, but is a number'],
  [{ config: { Env: [1] } }, 'config.Env[0]: must be a string'],
  [{ config: { Cmd: 'true' } }, 'config.Cmd: must be an array, but is a string'],
  [{ config: { Volumes: ['/a'] } }, 'config.Volumes: must be an object, but is an array'],
  [{ config: { Labels: { a: {} } } }, 'config.Labels["a"]: must be a string, but is an object'],
  [{ history: 'x' }, 'history: must be an array'],
  [{ history: [null] }, 'history[0]: must be an object, but is null'],
  [{ history: [{ empty_layer: 'true' }] }, 'history[0].empty_layer: must be true or false, but is a string'],
  [{ rootfs: { diff_ids: ['../../etc/passwd'] } }, 'rootfs.diff_ids[0]: invalid digest "../../etc/passwd"'],
  [{ rootfs: { type: 'layers+base' } }, 'rootfs.type: must be "layers"'],
])('%j is refused by name', (document, message) => {
  expect(() => read(document)).toThrow(
    expect.objectContaining({ code: 'INVALID_DATA', message: expect.stringContaining(message) }),
  )
})

test('text that is no document, depth and size are refused', () => {
  expect(() => parseImageConfig(new Uint8Array())).toThrow(expect.objectContaining({ code: 'INVALID_DATA' }))
  expect(() => read('['.repeat(300_000))).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }))
  expect(() => parseImageConfig(new Uint8Array(MAX_CONFIG_BYTES + 1))).toThrow(
    expect.objectContaining({ code: 'LIMIT_EXCEEDED' }),
  )
})

test('keys that mean something to JavaScript are plain data', () => {
  const config = read('{"__proto__":{"os":"evil"},"config":{"Labels":{"__proto__":"x","constructor":"y"}}}')
  expect(config.os).toBe('')
  expect(Object.entries(config.config.Labels)).toEqual([
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ])
})

test('whatever stands in a field, nothing but an ImageError is thrown', () => {
  const keys = fc.constantFrom('os', 'config', 'rootfs', 'history', 'os.features', 'created', '__proto__')
  const inner = fc.constantFrom('Env', 'Labels', 'Volumes', 'diff_ids', 'type', 'Cmd')
  fc.assert(
    fc.property(keys, inner, fc.jsonValue(), (key, nested, value) => {
      expect(OUTCOMES).toContain(outcome(() => read({ [key]: value })))
      expect(OUTCOMES).toContain(outcome(() => read({ config: { [nested]: value }, rootfs: { [nested]: value } })))
    }),
    { numRuns: 500 },
  )
})

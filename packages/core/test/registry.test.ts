import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { assertTransport, createTransportRegistry, ImageError, imageName, type ImageTransport } from '../src/index.ts'
import { fakeTransport } from './fake-transport.ts'

const docker = fakeTransport('docker')
const oci = fakeTransport('oci')
const registry = createTransportRegistry([oci, docker])

function named(text: string): string {
  return imageName({ transport: fakeTransport('https'), toString: () => text })
}

function refusal(run: () => unknown): ImageError {
  try {
    run()
  } catch (error) {
    if (error instanceof ImageError) return error
    throw error
  }
  throw new Error('it was accepted')
}

describe('createTransportRegistry', () => {
  test('hands the text behind the first colon to the transport', () => {
    const reference = registry.parse('docker://localhost:5000/a:b')
    expect(reference.transport).toBe(docker)
    expect(reference.toString()).toBe('//localhost:5000/a:b')
    expect(imageName(reference)).toBe('docker://localhost:5000/a:b')
    expect(registry.parse('oci:').toString()).toBe('')
  })

  test('prints a name without the query of a URL, which may be a secret', () => {
    expect(named('//example.com/a.tar?token=s3cret#app')).toBe('https://example.com/a.tar?…#app')
    expect(named('//example.com/a.tar#app?b')).toBe('https://example.com/a.tar#app?b')
    expect(named('./what?b=c')).toBe('https:./what?b=c')
  })

  test('a transport keeps its `this`', () => {
    const withState = {
      ...fakeTransport('stateful'),
      prefix: 'state:',
      parseReference(text: string) {
        return { transport: docker, toString: () => this.prefix + text }
      },
    }
    expect(createTransportRegistry([withState]).parse('stateful:x').toString()).toBe('state:x')
  })

  test('get looks up, and only what was given', () => {
    expect(registry.get('oci')).toBe(oci)
    for (const name of ['dir', 'constructor', '__proto__', 'toString', '']) expect(registry.get(name)).toBeUndefined()
    expect(registry.transports).toEqual([oci, docker])
  })

  test('two of one name are refused', () => {
    const error = refusal(() => createTransportRegistry([docker, oci, fakeTransport('docker')]))
    expect(error).toMatchObject({ code: 'DUPLICATE_TRANSPORT', message: 'there are two transports named "docker"' })
    expect(refusal(() => registry.with(fakeTransport('oci'))).code).toBe('DUPLICATE_TRANSPORT')
  })

  test('with gives another registry and leaves this one', () => {
    const dir = fakeTransport('dir')
    const larger = registry.with(dir)
    expect(larger.parse('dir:x').transport).toBe(dir)
    expect(registry.get('dir')).toBeUndefined()
  })

  test('cannot be changed from outside', () => {
    const given: ImageTransport[] = [docker]
    const own = createTransportRegistry(given)
    given.push(oci)
    expect(own.transports).toEqual([docker])
    expect(own.with(fakeTransport('dir')).transports.map(({ name }) => name)).toEqual(['docker', 'dir'])
    expect(Object.isFrozen(own) && Object.isFrozen(own.transports)).toBe(true)
  })
})

describe('names that are refused', () => {
  test.each([
    ['', 'INVALID_REFERENCE'],
    ['docker', 'INVALID_REFERENCE'],
    ['alpine', 'INVALID_REFERENCE'],
    [':x', 'UNKNOWN_TRANSPORT'],
    ['nosuch:x', 'UNKNOWN_TRANSPORT'],
    ['DOCKER://alpine', 'UNKNOWN_TRANSPORT'],
    ['Docker://alpine', 'UNKNOWN_TRANSPORT'],
    [' docker://alpine', 'UNKNOWN_TRANSPORT'],
    ['docker ://alpine', 'UNKNOWN_TRANSPORT'],
    ['constructor:x', 'UNKNOWN_TRANSPORT'],
    ['__proto__:x', 'UNKNOWN_TRANSPORT'],
    ['toString:x', 'UNKNOWN_TRANSPORT'],
    ['C:\\images', 'UNKNOWN_TRANSPORT'],
    ['do\ncker:x', 'UNKNOWN_TRANSPORT'],
  ])('%j', (name, code) => {
    const error = refusal(() => registry.parse(name))
    expect(error.code).toBe(code)
    expect(error.message).toContain('(known: docker, oci)')
    expect(error.message).not.toMatch(/\p{Cc}/u)
  })

  test('a forgotten transport is met with an example', () => {
    expect(refusal(() => registry.parse('library/alpine')).message).toContain('for example docker://library/alpine')
  })

  test('a name beyond the limit is refused in a short message', () => {
    const error = refusal(() => registry.parse(`docker://${'a/'.repeat(50_000)}`))
    expect(error.code).toBe('INVALID_REFERENCE')
    expect(error.message.length).toBeLessThan(500)
  })

  test.each([
    'user:SECRET@host/x',
    'SECRET@host/x',
    'SECRET@host:5000/x',
    'nosuch://user:SECRET@host/x',
    `nosuch://user:SECRET@host/x@sha256:${'0'.repeat(64)}`,
    `docker://user:SECRET@host/${'x'.repeat(5000)}`,
  ])('never echoes what may be a secret: %s', (name) => {
    const error = refusal(() => registry.parse(name))
    expect(`${error.message} ${error.stack}`).not.toContain('SECRET')
  })

  test('throws nothing but ImageError', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('docker', 'oci', ':', '/', '@', 'x', '\0', '…') }), (name) => {
        const known = /^(?:docker|oci):/.test(name)
        expect(known ? registry.parse(name).transport.name : refusal(() => registry.parse(name)).name).toBe(
          known ? name.split(':')[0] : 'ImageError',
        )
      }),
    )
  })
})

describe('assertTransport', () => {
  test.each([null, undefined, 7, 'docker', {}, [], () => undefined, { '~transport': null }])('refuses %o', (value) => {
    const error = refusal(() => assertTransport(value))
    expect(error.code).toBe('CONTRACT_MISMATCH')
    expect(error.message).toContain('not an image transport')
  })

  test('names the transport and both contracts', () => {
    const newer = { ...docker, '~transport': { contract: 2, vendor: 'x' } }
    const error = refusal(() => createTransportRegistry([newer as unknown as ImageTransport]))
    expect(error.code).toBe('CONTRACT_MISMATCH')
    expect(error.message).toBe(
      'the transport "docker" speaks contract 2, this is contract 1: install versions that match',
    )
  })

  test.each(['', 'Docker', '1x', 'a b', 'a:b', 'a_b', '-a', 'a\n', undefined, 7, null, ['oci'], Object.create(null)])(
    'refuses the name %o',
    (name: unknown) => {
      expect(refusal(() => assertTransport({ ...docker, name })).code).toBe('CONTRACT_MISMATCH')
    },
  )

  test.each(['parseReference', 'validatePolicyScope'])('refuses a transport without %s', (method) => {
    const error = refusal(() => assertTransport({ ...docker, [method]: undefined }))
    expect(error.message).toContain('"docker" lacks')
  })

  test('throws nothing but ImageError', () => {
    const mark = fc.record({ contract: fc.anything({ withNullPrototype: true }), vendor: fc.string() })
    const value = fc.oneof(
      fc.anything({ withNullPrototype: true }),
      fc.record({ '~transport': mark, name: fc.anything({ withNullPrototype: true }) }),
    )
    fc.assert(
      fc.property(value, (candidate) => {
        expect(refusal(() => assertTransport(candidate)).code).toBe('CONTRACT_MISMATCH')
      }),
    )
  })
})

describe('close', () => {
  test('closes all that can be closed, also after one that cannot', async () => {
    const closed: string[] = []
    const failure = new Error('first')
    const parts = [
      fakeTransport('a', { close: () => Promise.reject(failure) }),
      fakeTransport('b', {
        close: () => {
          throw new Error('second')
        },
      }),
      fakeTransport('c', { close: async () => void closed.push('c') }),
      fakeTransport('d'),
    ]
    await expect(createTransportRegistry(parts).close()).rejects.toBe(failure)
    expect(closed).toEqual(['c'])
  })

  test('nothing to close is fine', async () => {
    await expect(registry.close()).resolves.toBeUndefined()
  })
})

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  digestOf,
  familiarDockerReference,
  formatDockerReference,
  ImageError,
  isTag,
  parseDockerReference,
  repositoryName,
  type DockerReference,
} from '../src/index.ts'

const HEX64 = '0123456789abcdef'.repeat(4)

const NEAR = ['a', 'A', '0', '.', '-', '_', '/', ':', '@', '[', ']', ' ', '\n']

/** Undefined if it is refused; anything but an ImageError goes on. */
function outcome(text: string): DockerReference | undefined {
  try {
    return parseDockerReference(text)
  } catch (error) {
    if (error instanceof ImageError && error.code === 'INVALID_REFERENCE') return undefined
    throw error
  }
}

function problem(text: string): ImageError {
  try {
    parseDockerReference(text)
  } catch (error) {
    if (error instanceof ImageError) return error
    throw error
  }
  throw new Error(`"${text}" was accepted`)
}

/** Texts of the grammar, made from its rules and not from the parser's expressions. */
const word = fc.string({ unit: fc.constantFrom('a', 'b', 'z', '0', '1', '9'), minLength: 1, maxLength: 5 })
const separator = fc.constantFrom('.', '_', '__', '-', '--', '---')
const component = fc
  .tuple(word, fc.array(fc.tuple(separator, word), { maxLength: 2 }))
  .map(([first, rest]) => first + rest.map(([between, next]) => between + next).join(''))
const label = fc.stringMatching(/^[A-Za-z0-9]([A-Za-z0-9-]{0,6}[A-Za-z0-9])?$/)
/** One that ends in a number is an address. */
const lastLabel = label.filter((text) => !/^(?:[0-9]+|0x[0-9a-f]*)$/i.test(text))
const host = fc.oneof(
  fc
    .tuple(fc.array(label, { minLength: 1, maxLength: 3 }), lastLabel)
    .map(([labels, last]) => [...labels, last].join('.')),
  fc.constantFrom('localhost', '127.0.0.1', 'docker.io', 'index.docker.io', 'registry-1.docker.io'),
)
const domain = fc.oneof(
  host,
  fc.tuple(fc.oneof(host, lastLabel), fc.integer({ min: 1, max: 65_535 })).map(([at, port]) => `${at}:${port}`),
)
const path = fc.oneof(
  fc.array(component, { minLength: 1, maxLength: 4 }).map((components) => components.join('/')),
  fc.tuple(fc.constantFrom('library', 'a.b', 'localhost'), component).map((parts) => parts.join('/')),
  fc.constantFrom(HEX64, 'sha256', 'library/sha256', `library/${HEX64}`),
)
const tag = fc.oneof(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/), fc.constant(HEX64))
const digest = fc
  .tuple(fc.uint8Array({ maxLength: 4 }), fc.constantFrom('sha256' as const, 'sha512' as const))
  .map(([bytes, algorithm]) => digestOf(bytes, algorithm))
const reference = fc.tuple(domain, path, fc.option(tag), fc.option(digest)).map(([at, name, tagged, digested]) => {
  return `${at}/${name}${tagged === null ? '' : `:${tagged}`}${digested === null ? '' : `@${digested}`}`
})

describe('parseDockerReference', () => {
  test('whatever the grammar allows is read and written back', () => {
    fc.assert(
      fc.property(reference, (text) => {
        const parsed = parseDockerReference(text)
        expect(parseDockerReference(formatDockerReference(parsed))).toEqual(parsed)
        expect(parseDockerReference(familiarDockerReference(parsed))).toEqual(parsed)
        expect(formatDockerReference(parsed).startsWith(repositoryName(parsed))).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  test('what is written is what was meant', () => {
    fc.assert(
      fc.property(fc.tuple(label, component, component, tag, digest), ([first, a, b, tagged, digested]) => {
        const parsed = parseDockerReference(`${first}.example:5000/${a}/${b}:${tagged}@${digested}`)
        expect(parsed).toEqual({
          domain: `${first.toLowerCase()}.example:5000`,
          path: `${a}/${b}`,
          tag: tagged,
          digest: digested,
        })
      }),
    )
  })

  test('throws nothing but ImageError, and accepts only what reads back', () => {
    const near = fc.string({ unit: fc.constantFrom(...NEAR, 'sha256:', HEX64, 'docker.io/') })
    fc.assert(
      fc.property(fc.oneof(near, fc.string({ unit: 'binary' })), (text) => {
        const parsed = outcome(text)
        if (parsed === undefined) return
        expect(parseDockerReference(formatDockerReference(parsed))).toEqual(parsed)
        expect(parseDockerReference(familiarDockerReference(parsed))).toEqual(parsed)
      }),
      { numRuns: 3000 },
    )
  })

  test('gives a frozen value', () => {
    expect(Object.isFrozen(parseDockerReference('alpine'))).toBe(true)
    expect(parseDockerReference('alpine')).toStrictEqual({ domain: 'docker.io', path: 'library/alpine' })
  })
})

describe('what is refused, by the rule that is broken', () => {
  test.each([
    ['', 'it is empty'],
    ['  ', 'a repository is components'],
    [' alpine', 'a repository is components'],
    ['alpine ', 'a repository is components'],
    ['Alpine', 'the repository must be lower case'],
    ['docker.io/Library/alpine', 'the repository must be lower case'],
    ['-x/y', 'a repository is components'],
    ['-x.y/z', 'is not a host name'],
    ['x:', 'a tag takes'],
    ['x:-tag', 'a tag takes'],
    ['x:.tag', 'a tag takes'],
    [`x:${'t'.repeat(129)}`, 'a tag takes 1 to 128'],
    ['x@', 'must be a digest'],
    ['x@sha256:123', 'must be a digest'],
    [`x@sha256:${HEX64.toUpperCase()}`, 'must be a digest'],
    ['x@md5:d41d8cd98f00b204e9800998ecf8427e', 'must be a digest'],
    [`x@sha256:${HEX64}@sha256:${HEX64}`, 'must be a digest'],
    [HEX64, 'image ID'],
    [`sha256:${HEX64}`, 'image ID'],
    [`example.com/${'a'.repeat(244)}`, 'longer than 255'],
    ['host:99999/x', 'the port must be'],
    ['host:05000/x', 'begins with no 0'],
    ['127.1/x', 'as four decimal numbers'],
    ['0x7f.1/x', 'as four decimal numbers'],
    ['0x7f.0.0.0x1/x', 'as four decimal numbers'],
    ['127.0.0.01/x', 'as four decimal numbers'],
    ['127.0.0.256/x', 'as four decimal numbers'],
    ['2130706433:5000/x', 'as four decimal numbers'],
    ['example.0x/x', 'as four decimal numbers'],
    ['host:0/x', 'the port must be'],
    ['host:-1/x', 'the port must be'],
    ['host:/x', 'the port must be'],
    ['host:80:80/x', 'the port must be'],
    ['host:１２/x', 'the port must be'],
    ['example.com/../x', 'a repository is components'],
    ['a//b', 'a repository is components'],
    ['a/./b', 'a repository is components'],
    ['a/b/', 'a repository is components'],
    ['/a', 'a repository is components'],
    ['example.com/', 'a repository is components'],
    ['x%2fy', 'a repository is components'],
    ['x?y=z', 'a repository is components'],
    ['x#y', 'a repository is components'],
    ['x\\y', 'a repository is components'],
    ['https://example.com/x', 'the port must be'],
    ['ехample.com/x', 'is not a host name'], // the first two letters are Cyrillic
    ['example..com/x', 'is not a host name'],
    ['a_b.com/x', 'is not a host name'],
    ['[::1]:5000/x', 'IPv6 addresses are not accepted'],
    ['alpine\n', 'a repository is components'],
    ['alpine:3\n', 'a tag takes'],
    ['al\0pine', 'a repository is components'],
    ['__proto__', 'a repository is components'],
    ['a___b', 'a repository is components'],
  ])('%j', (text, rule) => {
    const error = problem(text)
    expect(error.code).toBe('INVALID_REFERENCE')
    expect(error.message).toContain(rule)
    expect(error.message).not.toMatch(/\p{Cc}/u)
  })

  test.each([
    ['the longest tag', `x:${'t'.repeat(128)}`],
    ['the longest name', `example.com/${'a'.repeat(243)}`],
    ['the largest port', 'host:65535/x'],
    ['tag and digest', `x:t@sha256:${HEX64}`],
    ['a repository named like an object member', 'constructor'],
    ['a host that is all digits', '0101.com/x'],
    ['an address', '10.0.0.255:5000/x'],
    ['63 hexadecimal characters', HEX64.slice(1)],
    ['an image ID with its host', `docker.io/${HEX64}`],
  ])('but not %s', (_name, text) => {
    expect(parseDockerReference(text)).toHaveProperty('path')
  })
})

describe('hostile texts', () => {
  const probes = ['a/', 'a-', '-', '__', 'a.', '.', ':', '@', 'a:', 'a@', '@sha256:', '\n', '\u202E', 'a_']
  test.each(probes)('100 kB of %j are refused at once, in a short message', (unit) => {
    const text = unit.repeat(Math.ceil(100_000 / unit.length))
    const before = performance.now()
    const error = problem(text)
    expect(performance.now() - before).toBeLessThan(200)
    const escaped = /[\p{Cc}\p{Cf}]/u.test(unit) // each takes up to eight characters
    expect(error.message.length).toBeLessThan(escaped ? 2000 : 500)
  })

  test.each(probes)('the longest text of %j that is looked at is no slower', (unit) => {
    const before = performance.now()
    for (const end of ['', 'x', '!', '/', '-']) problem(`${unit.repeat(1000).slice(0, 1000)}${end}!`)
    expect(performance.now() - before).toBeLessThan(200)
  })

  test.each([
    'user:SECRET@host/x',
    'SECRET@host/x',
    'user:SECRET@host:5000/x',
    'user:SECRET@host:5000',
    'user:SEC@RET:SECRET@host/x:tag',
    `user:SECRET@host/x@sha256:${HEX64}`,
    `user:SECRET@host/x:tag@sha256:${HEX64}`,
    'user:SECRET@host/x@sha256:short',
    'user:SECRET@sha256.example.com/x',
    'user:SECRET@sha256:5000/x',
    `user:SECRET@host/${'x'.repeat(2000)}`,
    `SECRET@${'@'.repeat(2000)}`,
  ])('never echoes what may be a secret: %s', (text) => {
    const error = problem(text)
    expect(`${error.message} ${error.stack} ${JSON.stringify(error)}`).not.toContain('SECRET')
  })

  test('still shows a text whose digest is wrong', () => {
    expect(problem('alpine@sha256:123').message).toContain('"alpine@sha256:123"')
  })
})

describe('familiarDockerReference', () => {
  test.each([
    ['docker.io/library/alpine:3.20', 'alpine:3.20'],
    ['docker.io/library/a/b', 'library/a/b'],
    ['docker.io/user/x', 'user/x'],
    ['docker.io/a.b/c', 'docker.io/a.b/c'],
    ['docker.io/localhost/c', 'docker.io/localhost/c'],
    ['quay.io/library/x', 'quay.io/library/x'],
    [`docker.io/library/${HEX64}`, `docker.io/library/${HEX64}`],
    [`docker.io/library/sha256:${HEX64}`, `docker.io/library/sha256:${HEX64}`],
    [`docker.io/library/sha256:1`, 'sha256:1'],
  ])('%s is %s', (text, familiar) => {
    expect(familiarDockerReference(parseDockerReference(text))).toBe(familiar)
  })
})

test('isTag', () => {
  for (const good of ['latest', '3.20', '_', 'a'.repeat(128), 'V1-RC.1_x']) expect(isTag(good)).toBe(true)
  for (const bad of ['', '.a', '-a', 'a b', 'a:b', 'a/b', 'a\n', 'é', 'a'.repeat(129)]) expect(isTag(bad)).toBe(false)
})

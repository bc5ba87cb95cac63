import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { formatDockerReference, ImageError, parseDockerReference } from '@crossdock/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ImageText, readImageText } from '../../src/index.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { registryOf, TRANSPORTS } from './registry.ts'
import { distributionUris, type Expected, imageStrings, inverted } from './rkt-texts.ts'

const registry = registryOf()
const onWindows = process.platform === 'win32'

function read(text: string): ImageText {
  return readImageText(text, { registry, folder: '/images' })
}

function failure(text: string, names: readonly string[] = TRANSPORTS): ImageError {
  try {
    readImageText(text, { registry: registryOf(names), folder: '/images' })
  } catch (reason) {
    if (reason instanceof ImageError) return reason
    throw reason
  }
  throw new Error(`${text} was read`)
}

/** What a text is read as, in the form of the tables. */
function outcome(text: string): Expected {
  try {
    return told(read(text))
  } catch (reason) {
    if (reason instanceof ImageError && (reason.code === 'INVALID_REFERENCE' || reason.code === 'UNKNOWN_TRANSPORT')) {
      return reason.code
    }
    throw reason
  }
}

function told(found: ImageText): Expected {
  if (found.kind === 'path') return ['path', found.path]
  if (found.kind === 'name') return ['name', found.name]
  if (found.kind === 'bare') return ['bare', found.text]
  if (found.kind === 'image-id') return ['image-id', found.prefix]
  throw new Error(`${found.digest} is a digest`)
}

// The tables have paths of POSIX.
describe.skipIf(onWindows)('texts that rkt reads', () => {
  it.each(imageStrings)('$in', ({ in: text, is }) => {
    expect(outcome(text)).toStrictEqual(is)
  })

  it.each(inverted)('$in, which to rkt is $rkt', ({ in: text, is }) => {
    expect(outcome(text)).toStrictEqual(is)
  })

  it.each(distributionUris)('$in', ({ in: text, is }) => {
    expect(outcome(text)).toStrictEqual(is)
  })
})

describe('image IDs', () => {
  it.each(['sha512-00', 'sha512-0a1b2c', `sha512-${'f'.repeat(128)}`])('%s', (prefix) => {
    expect(read(prefix)).toStrictEqual({ kind: 'image-id', prefix })
  })

  it.each([
    'sha512-',
    'sha512-a',
    'sha512-AB',
    'SHA512-ab',
    'sha512-abg',
    'sha512-ab:1',
    'sha512-ab/app',
    'sha512-app.aci',
    `sha512-${'f'.repeat(129)}`,
  ])('%s is none, and no name', (text) => {
    expect(failure(text)).toMatchObject({ code: 'INVALID_REFERENCE' })
    expect(failure(text).message).toContain('2 to 128 lower-case hexadecimal digits')
  })
})

describe('digests', () => {
  it.each([`sha256:${'0a'.repeat(32)}`, `sha512:${'0a'.repeat(64)}`])('%s', (digest) => {
    expect(read(digest)).toStrictEqual({ kind: 'digest', digest })
  })

  it.each(['sha256:ab', `sha256:${'0A'.repeat(32)}`, `sha512:${'0a'.repeat(32)}`, 'SHA256:latest', 'sha256:5000/x'])(
    '%s is none, and no name',
    (text) => {
      expect(failure(text)).toMatchObject({ code: 'INVALID_REFERENCE' })
      expect(failure(text).message).toContain('sha256: with 64 or sha512: with 128')
    },
  )

  it('without its algorithm is nothing', () => {
    expect(failure('0a'.repeat(32)).message).toContain('this is an image ID or a digest')
  })
})

describe('paths', () => {
  it.each(['.', '..', './', './x', '../x', '.hidden/../x.tar', '/x', './a:b', './sha512-ab', './x.tar:tag'])(
    '%s',
    (text) => {
      expect(read(text)).toStrictEqual({ kind: 'path', path: resolve('/images', text) })
    },
  )

  it.each(['aci', 'tar', 'tar.gz', 'tgz', 'tar.zst', 'tar.xz', 'tar.bz2'])('x.%s is one by its ending', (ending) => {
    expect(read(`a/x.${ending}`)).toStrictEqual({ kind: 'path', path: resolve('/images', `a/x.${ending}`) })
    expect(read(`my x.${ending}`)).toStrictEqual({ kind: 'path', path: resolve('/images', `my x.${ending}`) })
  })

  it.each(['x:1.tar', 'example.com/x:a.aci', 'x.acid', 'xtar', 'tar', 'x.tar.lz4'])('%s is a name', (text) => {
    expect(read(text)).toStrictEqual({ kind: 'bare', text })
  })

  it('begin at the working folder without another', () => {
    expect(readImageText('./x', { registry })).toStrictEqual({ kind: 'path', path: resolve('x') })
  })

  it('take nothing away from names: what lies in the folder does not count', async () => {
    const folder = await temporaryFolder()
    await mkdir(join(folder, 'example.com'))
    await writeFile(join(folder, 'example.com', 'app'), 'no image')
    await writeFile(join(folder, 'alpine'), 'no image')
    for (const text of ['example.com/app', 'alpine']) {
      expect(readImageText(text, { registry, folder })).toStrictEqual({ kind: 'bare', text })
    }
  })
})

describe('names', () => {
  it.each([
    'docker://alpine:3.20',
    'oci:./images:alpine',
    'oci:./my images:alpine',
    'oci:/a/b@sha256:0a',
    'dir:/tmp/x',
    'docker-archive:-',
    'tarball:a.tar:b.tar',
    'https://h/x.tar#@0',
    'appc:example.com/app:1.0,os=linux',
    'store:alpine',
    'store:sha512-ab',
  ])('%s', (name) => {
    expect(read(name)).toStrictEqual({ kind: 'name', name })
  })

  it.each([
    ['HTTP://h/X', 'http://h/X'],
    ['Docker://Alpine', 'docker://Alpine'],
    ['Docker:alpine', 'docker://alpine'],
    ['OCI:./X', 'oci:./X'],
  ])('%s is %s', (text, name) => {
    expect(read(text)).toStrictEqual({ kind: 'name', name })
  })

  it.each(['ocii:./x', 'ocii://x', 'dockr://alpine', 'oci-archve:./x.tar', 'ocii:./x,a=b', 'FTP://h/x', 'a.b://x'])(
    '%s has a transport that there is not, as the registry says',
    (text) => {
      const reason = failure(text)
      expect(reason.code).toBe('UNKNOWN_TRANSPORT')
      expect(() => registry.parse(text)).toThrow(reason.message)
      expect(reason.message).toContain('known: aci, appc, dir, docker,')
    },
  )

  it.each([
    ['https://h/x', 'https'],
    ['docker:alpine', 'docker'],
    ['cimd:docker:v=0:alpine', 'docker'],
    ['cimd:appc:v=0:a', 'appc'],
    ['cimd:aci-archive:v=0:https%3A%2F%2Fh%2Fx', 'https'],
    ['cimd:aci-archive:v=0:https%3Ax', 'https'],
    ['example.com/app,os=linux', 'appc'],
  ])('%s needs the transport %s', (text, transport) => {
    const reason = failure(text, ['oci'])
    expect(reason.code).toBe('UNKNOWN_TRANSPORT')
    expect(reason.message).toContain(`unknown transport "${transport}"`)
  })
})

describe('bare names', () => {
  it.each([
    'alpine',
    'alpine:3.20',
    'library/alpine',
    'localhost/foo',
    'localhost:5000/foo:1',
    'Quay.io/app',
    `alpine@sha256:${'0a'.repeat(32)}`,
    `quay.io:443/a/b:1@sha256:${'0a'.repeat(32)}`,
  ])('%s', (text) => {
    expect(read(text)).toStrictEqual({ kind: 'bare', text })
  })

  it.each(['app,os=linux', 'example.com/app:1.0+2,os=linux,arch=amd64', 'a~b,c='])(
    '%s is one of App Container Images',
    (text) => {
      expect(read(text)).toStrictEqual({ kind: 'name', name: `appc:${text}` })
    },
  )

  it.each([
    ['Alpine', 'must be lower case'],
    ['localhost:5000/Foo', 'must be lower case'],
    ['example.com/app:1.0+2', 'a tag takes'],
    ['app,', 'a repository is'],
    ['app,os', 'a repository is'],
    ['app,=linux', 'a repository is'],
    ['App,os=linux', 'must be lower case'],
    [',os=linux', 'a repository is'],
    ['a//b', 'a repository is'],
    ['-', 'a repository is'],
    [':', 'a tag takes'],
    ['~/x', 'a repository is'],
    ['a\\b', 'a repository is'],
    ['[::1]:5000/x', 'IPv6'],
  ])('%s is nothing: %s', (text, rule) => {
    const reason = failure(text)
    expect(reason.code).toBe('INVALID_REFERENCE')
    expect(reason.message).toContain(rule)
    expect(reason.message).toContain('write a name (example.com/app:1.0), TRANSPORT:REFERENCE, a path')
  })
})

describe('hostile texts', () => {
  it.each([
    ['', 'empty'],
    ['a'.repeat(4097), 'longer than 4096'],
    [`/${'a'.repeat(4096)}`, 'longer than 4096'],
    ['a\0b', 'control character'],
    ['/a\nb', 'control character'],
    ['oci:./a\u001b[2J', 'control character'],
    ['a\u0085b', 'control character'],
    [' alpine', 'white space'],
    ['alpine ', 'white space'],
    ['/x ', 'white space'],
    ['a b', 'white space'],
    ['a\u00a0b', 'white space'],
    ['file:///a b', 'white space'],
    ['cimd:appc:v=0:a b', 'white space'],
    ['a\ud800', 'surrogate'],
    ['/a\udfff.aci', 'surrogate'],
  ])('%j: %s', (text, rule) => {
    const reason = failure(text)
    expect(reason.code).toBe('INVALID_REFERENCE')
    expect(reason.message).toContain(rule)
    expect(reason.message).not.toMatch(/[\p{Cc}\p{Cs}]/u)
    expect(reason.message.length).toBeLessThan(1000)
  })

  it.each([
    'ftp://user:hunter2@h/x',
    'ftp://h/x?sig=hunter2',
    'user:hunter2@h/x',
    'hunter2:x-oauth-basic@h/x',
    'hunter2%40h/x y',
    'h/x?sig=hunter2',
    'docker:h/x?sig=hunter2',
    'docker:user:hunter2@h/x',
    'file://user:hunter2@localhost/x',
    'file:///x?sig=hunter2',
    'cimd:aci-archive:v=0:ftp%3A%2F%2Fuser%3Ahunter2%40h%2Fx',
    'cimd:aci-archive:v=0:https%3A%2F%2Fh%2Fx%3fsig%3Dhunter2?',
    'cimd:aci-archive:v=0:https://user:hunter2@h/x#',
    ' https://user:hunter2@h/x',
  ])('%s is refused without its secret', (text) => {
    let reason: unknown = failure(text)
    while (reason instanceof Error) {
      expect(reason.message).not.toContain('hunter2')
      reason = reason.cause
    }
  })

  it.each([['https://user:hunter2@h/x'], ['cimd:aci-archive:v=0:https%3A%2F%2Fuser%3Ahunter2%40h%2Fx']])(
    '%s keeps it out of what says that there is no such transport',
    (text) => {
      expect(failure(text, ['oci']).message).not.toContain('hunter2')
    },
  )
})

/** What is wrong with what a text is read as. Throws what is no refusal. */
function problemOf(text: string): string | undefined {
  try {
    const found = read(text)
    if (found.kind === 'path' && resolve(found.path) !== found.path) return 'the path is not absolute and clean'
    if (found.kind === 'path' && /\p{Cc}/u.test(found.path)) return 'the path has a control character'
    if (found.kind === 'bare') parseDockerReference(found.text)
    if (found.kind !== 'name') return undefined
    if (!TRANSPORTS.includes(found.name.slice(0, found.name.indexOf(':')))) return 'there is no such transport'
    return isDeepStrictEqual(read(found.name), found) ? undefined : 'the name does not read as itself'
  } catch (reason) {
    if (reason instanceof ImageError) return undefined
    throw reason
  }
}

describe('any text', () => {
  const words =
    'file: FILE:// cimd: appc:v=0: aci-archive:v=0: // / ./ ..\\ : @ , = ? # % %2F %40 %zz localhost sha256: sha512- a A 0 . - .tar .aci \\'
  const pieces = fc.constantFrom(...TRANSPORTS.map((name) => `${name}:`), ...words.split(' '), ' ', '\0', '\ud800')
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc
      .array(fc.oneof({ weight: 8, arbitrary: pieces }, fc.string({ maxLength: 3 })), { maxLength: 8 })
      .map((all) => all.join('')),
  )

  it('is read or refused, and what is read is clean', () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(problemOf(text)).toBeUndefined()
      }),
      { numRuns: 2000 },
    )
  })

  it('behind the name of a transport is a name as it is', () => {
    const others = TRANSPORTS.filter((name) => name !== 'docker')
    const rest = fc.string({ unit: 'grapheme' }).filter((text) => !/\p{Cc}/u.test(text) && text.trimEnd() === text)
    fc.assert(
      fc.property(fc.constantFrom(...others, 'docker://'), rest, (transport, text) => {
        const name = transport.startsWith('docker:') ? `${transport}${text}` : `${transport}:${text}`
        expect(read(name)).toStrictEqual({ kind: 'name', name })
      }),
    )
  })

  it('that is a Docker reference stays one, written out', () => {
    const component = fc.stringMatching(/^[a-z0-9]{1,8}(?:[._-][a-z0-9]{1,8})?$/)
    const domain = fc.constantFrom('docker.io', 'quay.io', 'localhost', 'localhost:5000', 'h.test:443')
    const tag = fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/), { nil: undefined })
    const references = fc.record({ domain, path: fc.array(component, { minLength: 2, maxLength: 3 }), tag })
    fc.assert(
      fc.property(references, ({ path, ...rest }) => {
        const text = formatDockerReference({ ...rest, path: path.join('/') })
        // The ending of an archive makes a path, which is said in the rules.
        fc.pre(rest.tag !== undefined || rest.domain.includes(':') || !/\.(?:aci|tar|tgz)$/.test(text))
        expect(read(text)).toStrictEqual({ kind: 'bare', text })
      }),
    )
  })
})

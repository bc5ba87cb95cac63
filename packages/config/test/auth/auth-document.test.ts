import { assert, constantFrom, dictionary, json, jsonValue, oneof, property, string, uint8Array } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAuthDocument } from '../../src/auth/auth-document.ts'
import { type AuthFile, type Credentials, parseAuthKey } from '../../src/index.ts'
import { base64, entry, refusalOf } from './host.ts'

const FILE: AuthFile = { path: '/a/auth.json', form: 'containers' }

function find(content: unknown, key: string, form: AuthFile['form'] = 'containers'): Credentials | undefined {
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  return parseAuthDocument(Buffer.from(text), { ...FILE, form }).find(parseAuthKey(key))?.credentials
}

/** What reading it throws: without the path, which is the same for all. */
function problem(content: unknown, key = 'quay.io'): string {
  const refusal = refusalOf(() => find(content, key))
  if (refusal === undefined) return 'none'
  const { code, message } = refusal
  return code === 'INVALID_DATA' ? message.replace(/^\/a\/auth\.json:/, '') : `${code} ${message}`
}

describe('an entry', () => {
  it.each<[string, object, Credentials | undefined]>([
    ['a password', entry('me', 'se:cret'), { username: 'me', password: 'se:cret' }],
    ['a password of other letters', entry('mé', '密'), { username: 'mé', password: '密' }],
    ['a password that was filled up', entry('me', 'secret\0\0'), { username: 'me', password: 'secret' }],
    ['an empty password', entry('me', ''), { username: 'me', password: '' }],
    ['nothing', {}, undefined],
    ['an empty pair', entry('', ''), undefined],
    ['an address alone', { email: 'me@example.com' }, undefined],
    ['null', { auth: null, identitytoken: null }, undefined],
    ['a pair in plain text', { username: 'me', password: 'secret' }, { username: 'me', password: 'secret' }],
    ['both forms', { ...entry('me', 'new'), username: 'me', password: 'old' }, { username: 'me', password: 'new' }],
    ['an identity token', { ...entry('0-0', ''), identitytoken: 't' }, { identityToken: 't', username: '0-0' }],
    ['an identity token of nobody', { ...entry('<token>', ''), identitytoken: 't' }, { identityToken: 't' }],
    ['an identity token alone', { identitytoken: 't' }, { identityToken: 't' }],
    ['an identity token as a password', entry('<token>', 't'), { identityToken: 't' }],
    ['a registry token', { ...entry('me', 'x'), registrytoken: 'r' }, { registryToken: 'r' }],
  ])('with %s', (_, content, credentials) => {
    expect(find({ auths: { 'quay.io': content } }, 'quay.io')).toEqual(credentials)
  })

  it.each([
    ['no base64', { auth: 'bWU6c2VjcmV0!' }, '"auth" is not base64'],
    ['base64 for URLs', { auth: 'bWU6_-8=' }, '"auth" is not base64'],
    ['base64 without its end', { auth: 'bWU6c2VjcmV0c' }, '"auth" is not base64'],
    ['base64 with bits too many', { auth: 'bWU6eB==' }, '"auth" is not base64'],
    ['base64 with spaces', { auth: 'bWU6 c2VjcmV0' }, '"auth" is not base64'],
    ['no pair', { auth: base64('only-a-name') }, '"auth" does not hold USER:PASSWORD'],
    ['no text', { auth: '/////w==' }, '"auth" does not hold UTF-8 text'],
    ['a number', { auth: 1 }, '"auth" must be text'],
    ['a list', ['a'], 'an entry must be an object'],
    ['text', 'secret', 'an entry must be an object'],
    ['a token that is no text', { identitytoken: { a: 'secret' } }, '"identitytoken" must be text'],
  ])('with %s is refused where it stands', (_, content, reason) => {
    const text = JSON.stringify({ auths: { 'quay.io': content } }, undefined, 1)
    expect(problem(text)).toMatch(new RegExp(`^[34]:\\d+: ${reason.replaceAll(/[()]/g, '\\$&')}$`))
  })

  it('that is wrong is nothing to another host, nor to a closer one that is right', () => {
    const auths = { 'quay.io': { auth: '!' }, 'other.example': entry('me', 'x'), 'quay.io/a': entry('me', 'a') }
    expect(find({ auths }, 'other.example')).toEqual({ username: 'me', password: 'x' })
    expect(find({ auths }, 'quay.io/a/b')).toEqual({ username: 'me', password: 'a' })
    expect(problem({ auths }, 'quay.io/b')).toContain('base64')
  })

  it('without credentials is looked past', () => {
    const auths = { 'quay.io/a': {}, 'quay.io': entry('me', 'x') }
    expect(find({ auths }, 'quay.io/a')).toEqual({ username: 'me', password: 'x' })
  })
})

describe('the entry that counts', () => {
  const auths = {
    'quay.io/team': entry('team', 'x'),
    'quay.io/team/app': entry('app', 'x'),
    'quay.io:8443': entry('port', 'x'),
    'localhost:5000': entry('local', 'x'),
    'https://old.example/v2/': entry('old', 'x'),
    __proto__: entry('inherited', 'x'),
    constructor: entry('made', 'x'),
  }
  it.each([
    ['quay.io/team/app', 'app'],
    ['quay.io/team/app/deeper', 'app'],
    ['quay.io/team/apple', 'team'],
    ['quay.io/team', 'team'],
    ['quay.io/teams', undefined],
    ['quay.io', undefined],
    ['quay.io:8443', 'port'],
    ['quay.io:8444', undefined],
    ['localhost:5000/a', 'local'],
    ['localhost', undefined],
    ['localhost:500', undefined],
    ['old.example/a/b', 'old'],
    ['older.example', undefined],
    ['constructor', 'made'],
    ['toString', undefined],
  ])('for %s is that of %s', (key, user) => {
    const found = find({ auths }, key)
    expect(found === undefined ? undefined : 'username' in found && found.username).toBe(user)
  })

  it('is that of the exact name, and of Docker Hub by any of its names', () => {
    const hub = { 'https://index.docker.io/v1/': entry('url', 'x'), 'docker.io': entry('name', 'x') }
    expect(find({ auths: hub }, 'docker.io')).toMatchObject({ username: 'name' })
    expect(find({ auths: { 'https://index.docker.io/v1/': entry('url', 'x') } }, 'docker.io/library/a')).toMatchObject({
      username: 'url',
    })
    expect(find({ auths: { 'registry-1.docker.io': entry('api', 'x') } }, 'docker.io')).toMatchObject({
      username: 'api',
    })
  })

  it('is in an old file the whole document', () => {
    const legacy = { 'https://quay.io/v1/': entry('me', 'x'), 'localhost/v1': entry('l', 'x') }
    expect(find(legacy, 'quay.io/a', 'legacy')).toMatchObject({ username: 'me' })
    expect(find(legacy, 'localhost', 'legacy')).toMatchObject({ username: 'l' })
    expect(find({ auths: legacy }, 'quay.io', 'legacy')).toBeUndefined()
  })
})

describe('a document', () => {
  it.each([
    ['', '1:1: it is not JSON'],
    ['not json', '1:1: it is not JSON'],
    ['{"auths": {}', '1:13: it is not JSON'],
    ['{"auths": {},}', '1:14: it is not JSON'],
    ['// comment\n{}', '1:1: it is not JSON'],
    ['{} {}', '1:4: it is not JSON'],
    ['\uFEFF{}', '1:1: it begins with a byte order mark'],
    ['[]', '1:1: the document must be an object'],
    ['null', '1:1: the document must be an object'],
    ['"secret"', '1:1: the document must be an object'],
    ['{"auths": []}', '1:11: "auths" must be an object'],
    ['{"auths": "secret"}', '1:11: "auths" must be an object'],
    ['{"auths": {"quay.io": {}, "quay.io": {}}}', '1:27: the key "quay.io" occurs twice'],
    ['{"credHelpers": 1}', '1:17: "credHelpers" must be an object'],
    ['{"credsStore": ["secret"]}', '1:16: the name of a helper must be text'],
  ])('%j is refused', (text, reason) => {
    expect(problem(text)).toContain(reason)
    expect(problem(text)).not.toContain('secret')
  })

  it('may say nothing', () => {
    for (const text of ['{}', '{"auths":null}', '{"auths":{},"credHelpers":null,"credsStore":""}']) {
      expect(problem(text)).toBe('none')
    }
  })

  it('names helpers', () => {
    const { helperFor, store, helperHosts } = parseAuthDocument(
      Buffer.from(
        '{"credHelpers":{"quay.io":"q","https://index.docker.io/v1/":"hub","empty.example":""},"credsStore":"s"}',
      ),
      FILE,
    )
    expect([store, helperHosts.length]).toEqual(['s', 3])
    expect(helperFor('quay.io')).toEqual({ key: 'quay.io', name: 'q' })
    expect(helperFor('docker.io')).toEqual({ key: 'https://index.docker.io/v1/', name: 'hub' })
    expect([helperFor('quay.io:1'), helperFor('empty.example'), helperFor('toString')].filter(Boolean)).toEqual([])
  })

  it('whatever it is, is read or refused, and no message holds a value of it', () => {
    const secret = 'S3cret/value'
    const leaf = constantFrom<unknown>(secret, base64(`me:${secret}`), base64(secret), 1, null, [secret], {
      auth: secret,
    })
    const entries = dictionary(constantFrom('auth', 'identitytoken', 'username', 'password', 'registrytoken'), leaf)
    const auths = dictionary(
      constantFrom('quay.io', 'https://quay.io/', 'quay.io/a', '__proto__', 'x'),
      oneof(entries, leaf),
    )
    const documents = dictionary(constantFrom('auths', 'credHelpers', 'credsStore'), oneof(auths, leaf, jsonValue()))
    const form = constantFrom('containers', 'docker', 'legacy')
    assert(
      property(documents, form, (document, kind) => {
        const text = JSON.stringify(document)
        for (const cut of [text, text.slice(0, -1), `${text}"${secret}"`]) {
          const refusal = refusalOf(() => {
            const parsed = parseAuthDocument(Buffer.from(cut), { ...FILE, form: kind })
            parsed.helperFor('quay.io')
            parsed.find(parseAuthKey('quay.io/a'))
          })
          expect(refusal?.message ?? '').not.toMatch(/S3cret|UzNjcmV0/)
        }
      }),
    )
  })

  it('of any bytes is read or refused', () => {
    assert(
      property(oneof(uint8Array({ maxLength: 200 }), json().map(Buffer.from), string().map(Buffer.from)), (bytes) => {
        const refusal = refusalOf(() => parseAuthDocument(bytes, FILE).find(parseAuthKey('quay.io')))
        expect(refusal?.code ?? 'INVALID_DATA').toMatch(/^(?:INVALID_DATA|LIMIT_EXCEEDED)$/)
      }),
    )
  })
})

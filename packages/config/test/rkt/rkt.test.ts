import { symlink } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { loadRktConfig, rktCredentials } from '../../src/index.ts'
import { awsRegion } from '../../src/rkt/aws-region.ts'
import { hostFolder } from '../host/host-folder.ts'

const auth = (more: object): string => JSON.stringify({ rktKind: 'auth', rktVersion: 'v1', ...more })
const basic = (domains: readonly string[], user: string): string =>
  auth({ domains, type: 'basic', credentials: { user, password: 'hunter2' } })
const oauth = (domains: readonly string[], token: string): string =>
  auth({ domains, type: 'oauth', credentials: { token } })
const docker = (registries: readonly string[], user: string): string =>
  JSON.stringify({ rktKind: 'dockerAuth', rktVersion: 'v1', registries, credentials: { user, password: 'hunter2' } })

async function config(files: Readonly<Record<string, string>>) {
  const { host } = await hostFolder(files)
  return await loadRktConfig(host)
}

describe('loadRktConfig', () => {
  it('lets the later folder decide, item by item', async () => {
    const { host, path } = await hostFolder({
      'usr/lib/rkt/auth.d/a.json': oauth(['coreos.com', 'tectonic.com', 'kubernetes.io'], 'common'),
      'etc/rkt/auth.d/b.json': basic(['coreos.com'], 'foo'),
      'etc/rkt/auth.d/c.json': oauth(['tectonic.com'], 'special'),
      'usr/lib/rkt/auth.d/d.json': docker(['index.docker.io', 'quay.io'], 'common'),
      'etc/rkt/auth.d/e.json': docker(['quay.io'], 'special'),
      'usr/lib/rkt/paths.d/p.json': JSON.stringify({
        rktKind: 'paths',
        rktVersion: 'v1',
        data: '/a',
        'stage1-images': '/s',
      }),
      'etc/rkt/paths.d/p.json': JSON.stringify({ rktKind: 'paths', rktVersion: 'v1', data: '/b' }),
      'etc/rkt/stage1.d/s.json': JSON.stringify({
        rktKind: 'stage1',
        rktVersion: 'v1',
        name: 'coreos.com/rkt/stage1',
        version: '1.0',
        location: '/usr/lib/stage1.aci',
      }),
      'mine/auth.d/u.json': oauth(['coreos.com'], 'mine'),
      'etc/rkt/auth.d/README.md': 'no',
      'etc/rkt/auth.d/sub/x.json': 'no',
    })
    const found = await loadRktConfig(host)
    expect([...found.auth].map(([domain, { credentials }]) => [domain, credentials])).toEqual([
      ['coreos.com', { type: 'basic', user: 'foo', password: 'hunter2' }],
      ['tectonic.com', { type: 'oauth', token: 'special' }],
      ['kubernetes.io', { type: 'oauth', token: 'common' }],
    ])
    expect([...found.dockerAuth].map(([name, { origin }]) => [name, origin.file])).toEqual([
      ['index.docker.io', path('usr/lib/rkt/auth.d/d.json')],
      ['quay.io', path('etc/rkt/auth.d/e.json')],
    ])
    expect([found.data?.path, found.stage1Images?.path, found.stage1?.version]).toEqual(['/b', '/s', '1.0'])
    const mine = await loadRktConfig(host, { userFolder: path('mine') })
    expect(mine.auth.get('coreos.com')?.credentials).toEqual({ type: 'oauth', token: 'mine' })
  })

  it.each<[string, Readonly<Record<string, string>>, string]>([
    ['no kind', { 'auth.d/a.json': '{"rktVersion":"v1"}' }, 'a.json:1:1: "rktKind" must be given'],
    ['no version', { 'auth.d/a.json': '{"rktKind":"auth"}' }, '"rktVersion" must be given'],
    ['another version', { 'auth.d/a.json': '{"rktKind":"auth",\n"rktVersion":"v0"}' }, 'a.json:2:14: the version "v0"'],
    ['another kind', { 'auth.d/a.json': '{"rktKind":"x","rktVersion":"v1"}' }, '"x" does not belong into auth.d'],
    ['a kind of another folder', { 'paths.d/a.json': oauth(['a.com'], 't') }, '"auth" does not belong into paths.d'],
    ['no JSON', { 'auth.d/a.json': '{' }, 'it is not JSON'],
    ['a key twice', { 'auth.d/a.json': '{"rktKind":"auth","rktKind":"auth"}' }, 'the key "rktKind" occurs twice'],
    ['no domains', { 'auth.d/a.json': oauth([], 't') }, '"domains" must name at least one host'],
    ['no host', { 'auth.d/a.json': oauth(['https://a.com'], 't') }, '"https://a.com" is not HOST or HOST:PORT'],
    ['user information', { 'auth.d/a.json': oauth(['a@b.com'], 't') }, 'is not HOST'],
    ['a domain twice', { 'auth.d/a.json': oauth(['a.com', 'A.com'], 't') }, '"A.com" is there twice'],
    ['another type', { 'auth.d/a.json': auth({ domains: ['a'], type: 'x', credentials: {} }) }, '"x" is not known'],
    ['no credentials', { 'auth.d/a.json': auth({ domains: ['a'], type: 'basic' }) }, '"credentials" must be given'],
    ['an empty user', { 'auth.d/a.json': basic(['a.com'], '') }, '"user" must be given'],
    ['an empty token', { 'auth.d/a.json': oauth(['a.com'], '') }, '"token" must be given'],
    [
      'half of a key',
      { 'auth.d/a.json': auth({ domains: ['a'], type: 'aws', credentials: { accessKeyID: 'x' } }) },
      '"secretAccessKey" must be given',
    ],
    [
      'a domain in two files',
      { 'auth.d/a.json': oauth(['a.com'], 't'), 'auth.d/b.json': oauth(['a.com'], 't') },
      'b.json:1: "a.com" is in another',
    ],
    [
      'a registry in two files',
      { 'auth.d/a.json': docker(['a.com'], 't'), 'auth.d/b.json': docker(['a.com'], 't') },
      '"a.com" is in another',
    ],
    [
      'a relative path',
      { 'paths.d/a.json': '{"rktKind":"paths","rktVersion":"v1","data":"x"}' },
      '"data" must be an absolute path',
    ],
    [
      'a path in two files',
      {
        'paths.d/a.json': '{"rktKind":"paths","rktVersion":"v1","data":"/x"}',
        'paths.d/b.json': '{"rktKind":"paths","rktVersion":"v1","data":"/y"}',
      },
      '"data" is in another file',
    ],
    ['a name alone', { 'stage1.d/a.json': '{"rktKind":"stage1","rktVersion":"v1","name":"x"}' }, 'are given together'],
    [
      'a place of another kind',
      { 'stage1.d/a.json': '{"rktKind":"stage1","rktVersion":"v1","location":"ftp://x"}' },
      '"location" is',
    ],
  ])('refuses %s', async (_, files, reason) => {
    const failure = config(Object.fromEntries(Object.entries(files).map(([name, text]) => [`etc/rkt/${name}`, text])))
    await expect(failure).rejects.toMatchObject({ code: 'INVALID_DATA' })
    await expect(failure).rejects.toThrow(reason)
    await expect(failure).rejects.not.toThrow('hunter2')
  })

  it.skipIf(process.platform === 'win32')('does not follow links', async () => {
    const { host, path } = await hostFolder({ 'etc/rkt/auth.d/a.json': oauth(['a.com'], 't'), elsewhere: 'no JSON' })
    await symlink(path('elsewhere'), path('etc/rkt/auth.d/b.json'))
    expect((await loadRktConfig(host)).auth.size).toBe(1)
  })

  it('is empty where there is nothing', async () => {
    expect((await config({})).auth.size).toBe(0)
  })
})

describe('rktCredentials', () => {
  it.each([
    ['https://a.com/x', 't'],
    ['https://a.com:443/x', 't'],
    ['https://A.COM/', 't'],
    ['http://a.com/x', undefined],
    ['https://a.com:8443/x', undefined],
    ['https://b.com:8443/x', 'port'],
    ['https://c.com/x', '443'],
    ['https://sub.a.com/x', undefined],
    ['https://a.com.evil.org/', undefined],
  ])('for %s is %s', async (url, token) => {
    const found = await config({
      'etc/rkt/auth.d/a.json': oauth(['a.com'], 't'),
      'etc/rkt/auth.d/b.json': oauth(['B.com:8443'], 'port'),
      'etc/rkt/auth.d/c.json': oauth(['c.com:443'], '443'),
    })
    const credentials = rktCredentials(found, new URL(url))
    expect(credentials).toEqual(token === undefined ? undefined : { type: 'oauth', token })
  })

  it('know the region of a bucket', async () => {
    const keys = { accessKeyID: 'id', secretAccessKey: 'key' }
    const found = await config({
      'etc/rkt/auth.d/a.json': auth({ domains: ['b.s3-eu-west-1.amazonaws.com'], type: 'aws', credentials: keys }),
      'etc/rkt/auth.d/b.json': auth({ domains: ['x.org'], type: 'aws', credentials: { ...keys, awsRegion: 'r' } }),
    })
    const region = (host: string): unknown => rktCredentials(found, new URL(`https://${host}/`))
    expect(region('b.s3-eu-west-1.amazonaws.com')).toMatchObject({ region: 'eu-west-1', accessKeyId: 'id' })
    expect(region('x.org')).toMatchObject({ region: 'r' })
  })
})

describe('awsRegion', () => {
  it.each([
    ['example.com', 'us-east-1'],
    ['s3.amazonaws.com', 'us-east-1'],
    ['bucket.s3.amazonaws.com', 'us-east-1'],
    ['bucket.s3-external-1.amazonaws.com', 'us-east-1'],
    ['bucket.s3-eu-west-1.amazonaws.com', 'eu-west-1'],
    ['s3-us-gov-west-1.amazonaws.com:443', 'us-gov-west-1'],
    ['bucket.s3.eu-central-1.amazonaws.com', 'eu-central-1'],
    ['bucket.s3.cn-north-1.amazonaws.com.cn', 'cn-north-1'],
    ['amazonaws.com', 'us-east-1'],
  ])('of %s is %s', (host, region) => {
    expect(awsRegion(host)).toBe(region)
  })
})

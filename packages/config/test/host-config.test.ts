import { writeFile } from 'node:fs/promises'
import { formatDockerReference, parseDockerReference } from '@crossdock/core'
import { describe, expect, it } from 'vitest'
import { loadHostConfig } from '../src/index.ts'
import { hostFolder } from './host/host-folder.ts'

const IMAGE = parseDockerReference('a.com/b:1')
const CONF = 'etc/containers/registries.conf'

describe('loadHostConfig', () => {
  it('reads nothing before it is asked, and nothing twice', async () => {
    const { host, path } = await hostFolder({ [CONF]: 'not TOML', 'etc/containers/registries.d/a.yaml': '}' })
    const config = loadHostConfig({ host })
    await writeFile(path(CONF), '[[registry]]\nlocation = "a.com"\nblocked = true\n')
    expect((await config.registryRoute(IMAGE))?.blocked).toBe(`a.com is blocked by ${path(CONF)}:1`)
    await writeFile(path(CONF), '')
    expect((await config.registryRoute(IMAGE))?.blocked).toBeDefined()
    expect(await loadHostConfig({ host }).registryRoute(IMAGE)).toBeUndefined()
    await expect(config.signatureConfig(IMAGE)).rejects.toMatchObject({ code: 'INVALID_DATA' })
    expect(await config.policyFile()).toBeUndefined()
    expect(await config.certificates('a.com')).toBeUndefined()
  })

  it('takes paths that are given before variables and usual places', async () => {
    const { host, path } = await hostFolder({
      [CONF]: '}',
      'given.conf': '[[registry]]\nprefix = "a.com"\nlocation = "given.com"\n',
      'given.d/x.yaml': 'default-docker: {lookaside: https://given}',
      'certs/a.com/ca.crt': '-----BEGIN CERTIFICATE-----',
      'given.json': '',
      'drop-ins/1.conf': 'credential-helpers = ["dropped-in"]',
      'auth.json': JSON.stringify({ auths: { 'a.com': { auth: Buffer.from('me:secret').toString('base64') } } }),
    })
    const config = loadHostConfig({
      host: { ...host, env: { CONTAINERS_REGISTRIES_CONF: path('gone'), CONTAINERS_POLICY_JSON: path('gone') } },
      registriesConf: path('given.conf'),
      registriesConfDir: path('drop-ins'),
      registriesDir: path('given.d'),
      certsDir: path('certs'),
      policy: path('given.json'),
      authFile: path('auth.json'),
    })
    const route = await config.registryRoute(IMAGE)
    expect(route?.sources.map(({ reference }) => formatDockerReference(reference))).toEqual(['given.com/b:1'])
    expect((await config.registriesConf()).credentialHelpers.value).toEqual(['dropped-in'])
    expect((await config.signatureConfig(IMAGE)).lookaside.value).toBe('https://given')
    expect((await config.certificates('a.com'))?.ca).toBeDefined()
    expect(await config.policyFile()).toEqual({ path: path('given.json'), from: 'caller' })
    expect(await config.credentials('a.com', 'b')).toEqual({ username: 'me', password: 'secret' })
  })

  it('ends with its signal', async () => {
    const reason = new Error('enough')
    const { host } = await hostFolder({ [CONF]: '' })
    const config = loadHostConfig({ host, signal: AbortSignal.abort(reason) })
    await expect(config.registriesConf()).rejects.toBe(reason)
  })
})

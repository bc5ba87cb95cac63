import { expect, test } from 'vitest'
import type { EndpointSettings } from '../src/endpoints.ts'
import type { HostConfig } from '@crossdock/config'
import { namedHosts } from '../src/named-hosts.ts'
import { discoveryOptions, urlOptions } from '../src/url-options.ts'

const credentials = { username: 'me', password: 'secret' }
const host = { host: { env: {}, home: '/home/me', platform: 'linux' } } as Partial<HostConfig> as HostConfig

test.each([urlOptions, discoveryOptions])('credentials of flags are for the hosts that were named', async (options) => {
  const names = ['appc:example.com/app', 'https://files.example:8443/app.aci']
  const settings = { credentials, credentialHosts: namedHosts(names) } as Partial<EndpointSettings> as EndpointSettings
  const { credentials: lookup } = options(settings, host)
  const given = async (name: string): Promise<unknown> =>
    typeof lookup === 'function' && (await lookup(name, undefined))
  expect(await given('example.com')).toEqual(credentials)
  expect(await given('files.example:8443')).toEqual(credentials)
  for (const other of ['storage.example.com', 'files.example', 'evil.example'])
    expect(await given(other)).toBeUndefined()
})

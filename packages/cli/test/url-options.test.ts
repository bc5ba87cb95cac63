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
  if (typeof lookup !== 'function') return expect.fail('no lookup')
  expect(await lookup('example.com', undefined)).toEqual(credentials)
  expect(await lookup('files.example:8443', undefined)).toEqual(credentials)
  for (const other of ['storage.example.com', 'files.example', 'evil.example'])
    expect(await lookup(other, undefined)).toBeUndefined()
})

import { describe, expect, it } from 'vitest'
import { defaultTransports } from '../src/index.ts'
import { loadTransports } from '../src/load-transports.ts'

const all = defaultTransports().map(({ name }) => name)

async function loaded(names: readonly string[]): Promise<readonly string[]> {
  return (await loadTransports(names)).map(({ name }) => name)
}

describe('loadTransports', () => {
  it.each(['docker', 'oci', 'dir', 'oci-archive', 'docker-archive', 'tarball', 'docker-daemon', 'store'])(
    'loads %s alone, and as it is among all',
    async (name) => {
      expect(await loaded([name, name])).toEqual([name])
      const [alone] = await loadTransports([name])
      const among = defaultTransports().find((transport) => transport.name === name)
      expect(alone?.['~transport']).toEqual(among?.['~transport'])
    },
  )

  it('gives the transports their options', async () => {
    const wrong = { resume: 'sometimes' as unknown as boolean }
    await expect(loadTransports(['oci'], { ociDir: wrong })).rejects.toMatchObject({ code: 'INVALID_DATA' })
  })

  it('loads several, in their order', async () => {
    expect(await loaded(['store', 'docker'])).toEqual(['store', 'docker'])
    expect(await loaded([])).toEqual([])
  })

  it.each(['aci', 'appc', 'https', 'http', 'nosuch', '', 'toString'])('loads all for %s', async (name) => {
    expect(await loaded(['docker', name])).toEqual(all)
  })
})

import { mergeRegistriesConf } from '../../src/registries-conf/merge.ts'
import { parseRegistriesConf } from '../../src/registries-conf/parse.ts'
import type { RegistriesConf } from '../../src/index.ts'

/** The configuration that files, in this order, make together. Their names are `1.conf`, `2.conf`, … */
export async function confOf(...texts: readonly string[]): Promise<RegistriesConf> {
  return mergeRegistriesConf(
    await Promise.all(
      texts.map((text, index) => parseRegistriesConf(new TextEncoder().encode(text), `/etc/${index + 1}.conf`)),
    ),
  )
}

import { booleanOption, choiceOption, defineOptions, optionCheck, type OptionsDefinition } from '@crossdock/core'

export interface StoreTransportOptions {
  /** The store's folder. It is opened when it is first needed. Default: `defaultStoreFolder`. */
  readonly folder?: string | undefined
  /** Whose names are meant. Default: `default`, which is what `index.json` shows. */
  readonly namespace?: string | undefined
  /**
   * `durable`: what is stored is on the disk when it is reported as stored. `fast` is for caches that can be thrown away. Default:
   * `durable`.
   */
  readonly durability?: 'durable' | 'fast' | undefined
  /** Whether what an interrupted download leaves is kept, and used by the next one. Default: true. */
  readonly resume?: boolean | undefined
}

/** What options that come from a file or a command line have to be. */
export const definition: OptionsDefinition<StoreTransportOptions> = defineOptions<StoreTransportOptions>('store', {
  folder: optionCheck('the path of a folder', (value) => typeof value === 'string' && value !== ''),
  namespace: optionCheck('the name of a namespace', (value) => typeof value === 'string' && value !== ''),
  durability: choiceOption('durable', 'fast'),
  resume: booleanOption,
})

/** A `<meta>` tag of a discovery page: `content="PREFIX TEMPLATE"`. */
export interface DiscoveryTag {
  readonly kind: 'archives' | 'keys'
  /** The tag is for this name, and for those below it. */
  readonly prefix: string
  /** The URL of keys is one as it stands, not a template. */
  readonly template: string
}

const KINDS: ReadonlyMap<string, DiscoveryTag['kind']> = new Map([
  ['ac-discovery', 'archives'],
  ['ac-discovery-pubkeys', 'keys'],
])
/** What stands in the head of a page (HTML, "The 'in head' insertion mode"). Another element, or text, is the beginning of its body. */
const HEAD = new Set(
  'html head meta title base basefont bgsound link style script noscript noframes template'.split(' '),
)

/**
 * The tags in the head of a page, in its order. Comments, scripts, templates and the body, where others may write, do not count. It is only cut into tags and
 * never made a tree of, so that the time it takes grows with its length alone, however deep it is.
 */
export async function readMetaTags(html: string): Promise<readonly DiscoveryTag[]> {
  const { Tokenizer, TokenizerMode } = await import('parse5')
  const rawText: ReadonlyMap<string, typeof tokenizer.state> = new Map([
    ['title', TokenizerMode.RCDATA],
    ['style', TokenizerMode.RAWTEXT],
    ['noframes', TokenizerMode.RAWTEXT],
    ['script', TokenizerMode.SCRIPT_DATA],
  ])
  const tags: DiscoveryTag[] = []
  let templates = 0
  /** The element whose content is text. */
  let within: string | undefined
  let isOver = false
  const endHead = (): void => {
    isOver = true
    tokenizer.pause()
  }
  const tokenizer = new Tokenizer(
    {},
    {
      onStartTag({ tagName, attrs }) {
        // What was read along with the token that ended it still comes.
        if (isOver) return
        if (!HEAD.has(tagName) && templates === 0) return endHead()
        if (tagName === 'template') templates += 1
        const mode = rawText.get(tagName)
        if (mode !== undefined) {
          within = tagName
          tokenizer.state = mode
        }
        const tag = tagName === 'meta' && templates === 0 ? tagOf(attrs) : undefined
        if (tag !== undefined) tags.push(tag)
      },
      onEndTag({ tagName }) {
        if (tagName === within) within = undefined
        else if (tagName === 'template') templates = Math.max(0, templates - 1)
        else if (tagName === 'head' || tagName === 'html') endHead()
      },
      onCharacter() {
        if (within === undefined && templates === 0) endHead()
      },
      onComment: ignore,
      onDoctype: ignore,
      onEof: ignore,
      onNullCharacter: ignore,
      onWhitespaceCharacter: ignore,
    },
  )
  tokenizer.write(html, true)
  return tags
}

function ignore(): void {}

/** Between prefix and template stands one blank: rkt read nothing else. */
function tagOf(attributes: readonly { readonly name: string; readonly value: string }[]): DiscoveryTag | undefined {
  const valueOf = (wanted: string): string => attributes.find(({ name }) => name === wanted)?.value ?? ''
  const kind = KINDS.get(valueOf('name'))
  const content = valueOf('content').trim()
  const blank = content.indexOf(' ')
  if (kind === undefined || blank < 0) return undefined
  return { kind, prefix: content.slice(0, blank), template: content.slice(blank + 1).trim() }
}

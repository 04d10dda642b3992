import * as monaco from 'monaco-editor/editor'
import 'monaco-editor/features/register.all'
import 'monaco-editor/languages/definitions/yaml/register'
import 'monaco-editor/languages/definitions/shell/register'
import EditorWorker from 'monaco-editor/editor/editor.worker?worker'
import { configureMonacoYaml } from 'monaco-yaml'
import { lintManifest, type LintDiagnostic } from '../../core/view/manifest-lint.ts'
import { loadKubernetesSchema, type LoadedSchema } from './kubernetes-schema.ts'
import YamlWorker from './yaml.worker?worker'

const worker = (label: string) => (label === 'yaml' ? new YamlWorker() : new EditorWorker())
const LINT_OWNER = 'vethlab'
let schema: LoadedSchema | null = null
const diagnostics = new WeakMap<monaco.editor.ITextModel, LintDiagnostic[]>()

self.MonacoEnvironment = { getWorker: (_id, label) => worker(label) }

/** monaco-yaml asks for a worker in the manner that Monaco had before 0.53. */
function createWebWorker(options: { label?: string; createData?: unknown }) {
  const made = worker(options.label ?? '')
  made.postMessage('ignore')
  made.postMessage(options.createData)
  return monaco.editor.createWebWorker({ worker: made } as never)
}

/**
 * Every proposal comes as a snippet, and a snippet takes Enter even when its word stands there already. A word without places to
 * fill in is a word.
 */
function registerCompletion(
  selector: monaco.languages.LanguageSelector,
  provider: monaco.languages.CompletionItemProvider,
): monaco.IDisposable {
  return monaco.languages.registerCompletionItemProvider(selector, {
    ...provider,
    async provideCompletionItems(...args) {
      const list = await provider.provideCompletionItems(...args)
      for (const item of list?.suggestions ?? []) if (!/[$\\\n]/.test(item.insertText)) item.insertTextRules = undefined
      return list
    },
  })
}

let prepared: Promise<void> | null = null

/** Schema, workers and providers are set up once, however many editors come and go. */
export function prepareOnce(): Promise<void> {
  prepared ??= prepare()
  return prepared
}

async function prepare(): Promise<void> {
  schema = await loadKubernetesSchema()
  const languages = { ...monaco.languages, registerCompletionItemProvider: registerCompletion }
  configureMonacoYaml({ ...monaco, languages, editor: { ...monaco.editor, createWebWorker } } as never, {
    enableSchemaRequest: false,
    // The lint judges: it knows misspellings and has quick fixes. The schema completes and explains.
    validate: false,
    format: { enable: true },
    hover: true,
    completion: true,
    schemas: [{ uri: 'vethlab://kubernetes.json', fileMatch: ['**/*'], schema: schema.json as never }],
  })
  // After a key without a value the next line stands deeper, as in VS Code.
  monaco.languages.setLanguageConfiguration('yaml', {
    onEnterRules: [{ beforeText: /^[^#]*:\s*$/, action: { indentAction: monaco.languages.IndentAction.Indent } }],
    indentationRules: { increaseIndentPattern: /^[^#]*:\s*$/, decreaseIndentPattern: /^\s+[}\]]$/ },
  })
  monaco.languages.registerCodeActionProvider('yaml', { provideCodeActions: quickFixes }, { providedCodeActionKinds: ['quickfix'] })
}

/** Underlines what is wrong, and returns it. */
export function lint(model: monaco.editor.ITextModel): LintDiagnostic[] {
  if (schema === null || model.getLanguageId() !== 'yaml' || model.getValue().trim() === '') {
    monaco.editor.setModelMarkers(model, LINT_OWNER, [])
    return []
  }
  const found = lintManifest(model.getValue(), schema.schema)
  diagnostics.set(model, found)
  monaco.editor.setModelMarkers(
    model,
    LINT_OWNER,
    found.map((one) => ({
      startLineNumber: one.range.startLine,
      startColumn: one.range.startColumn,
      endLineNumber: one.range.endLine,
      endColumn: one.range.endColumn,
      message: one.message,
      code: one.code,
      source: 'kubernetes',
      severity: one.severity === 'error' ? monaco.MarkerSeverity.Error : monaco.MarkerSeverity.Warning,
    })),
  )
  return found
}

function quickFixes(model: monaco.editor.ITextModel, range: monaco.Range): monaco.languages.CodeActionList {
  const actions = (diagnostics.get(model) ?? [])
    .filter((one) => one.fix !== null && one.range.startLine <= range.endLineNumber && one.range.endLine >= range.startLineNumber)
    .map(
      (one): monaco.languages.CodeAction => ({
        title: one.fix!.title,
        kind: 'quickfix',
        isPreferred: true,
        edit: {
          edits: one.fix!.edits.map((edit) => ({
            resource: model.uri,
            versionId: model.getVersionId(),
            textEdit: {
              range: new monaco.Range(edit.range.startLine, edit.range.startColumn, edit.range.endLine, edit.range.endColumn),
              text: edit.text,
            },
          })),
        },
      }),
    )
  return { actions, dispose() {} }
}

const css = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()

const TOKENS = { type: '--blue', key: '--blue', string: '--teal', number: '--teal', keyword: '--violet', comment: '--dim' }

export function applyTheme(dark: boolean): void {
  monaco.editor.defineTheme('vethlab', {
    base: dark ? 'vs-dark' : 'vs',
    inherit: true,
    // The base themes have rules of their own for YAML; only as specific ones win.
    rules: ['', '.yaml', '.shell'].flatMap((suffix) =>
      Object.entries(TOKENS).map(([token, colour]) => ({ token: token + suffix, foreground: css(colour).slice(1) })),
    ),
    colors: {
      'editor.background': css('--canvas'),
      'editor.foreground': css('--text'),
      'editorLineNumber.foreground': css('--dim'),
      'editorLineNumber.activeForeground': css('--text'),
      'editor.lineHighlightBackground': css('--raised'),
      'editor.lineHighlightBorder': '#00000000',
      'editorWidget.background': css('--panel'),
      'editorWidget.border': css('--strong'),
      'editorSuggestWidget.selectedBackground': css('--select'),
      'editorSuggestWidget.selectedForeground': css('--text'),
      'editorIndentGuide.background1': css('--line'),
      'editorHoverWidget.background': css('--panel'),
      'editorHoverWidget.border': css('--strong'),
      'editorGutter.background': css('--canvas'),
      'scrollbarSlider.background': `${css('--strong')}99`,
      'editor.selectionBackground': `${css('--blue')}44`,
      focusBorder: css('--blue'),
      'menu.background': css('--panel'),
      'menu.foreground': css('--text'),
      'menu.border': css('--strong'),
      'menu.selectionBackground': css('--select'),
      'menu.selectionForeground': css('--text'),
      'editorActionList.background': css('--panel'),
      'editorActionList.foreground': css('--text'),
      'editorActionList.focusBackground': css('--select'),
      'editorActionList.focusForeground': css('--text'),
      'quickInput.background': css('--panel'),
      'input.background': css('--canvas'),
      'input.border': css('--strong'),
      'list.hoverBackground': css('--raised'),
      'widget.shadow': '#00000055',
    },
  })
  monaco.editor.setTheme('vethlab')
}

export { monaco }

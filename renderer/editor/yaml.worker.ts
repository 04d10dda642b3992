// A file of its own, so that the development server finds the worker's modules too.
import 'monaco-yaml/yaml.worker.js'

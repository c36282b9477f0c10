import { Check, ChevronDown, Search } from 'lucide-react'
import type { ReactNode, Ref } from 'react'
import {
  Button as Pressable,
  CheckboxButton,
  CheckboxField,
  FieldError,
  Input,
  Label,
  ListBox,
  ListBoxItem,
  Popover,
  SearchField as SearchBox,
  Select as Choice,
  SelectValue,
  Text,
  TextArea as Area,
  TextField as TextBox,
  type CheckboxFieldProps,
  type TextFieldProps as TextBoxProps,
} from 'react-aria-components'
import { classes } from './classes'
import css from './Field.module.css'

interface Described {
  label: string
  /** What to write, or why it is asked for. */
  hint?: ReactNode
  /** The rule that it breaks, as the server said it. */
  error?: string | undefined
  /** The label is for screen readers only, because what stands around says the same. */
  bare?: boolean
}

function Around({ label, hint, bare, children }: Described & { children: ReactNode }) {
  return (
    <>
      <Label className={bare ? 'said' : css.label}>{label}</Label>
      {children}
      {hint && (
        <Text slot="description" className={css.hint}>
          {hint}
        </Text>
      )}
      <FieldError className={css.error ?? ''} />
    </>
  )
}

export interface TextFieldProps extends Described, Omit<TextBoxProps, 'className' | 'style' | 'children'> {
  placeholder?: string
  inputRef?: Ref<HTMLInputElement>
  inputMode?: 'tel' | 'numeric' | 'decimal' | 'email' | 'text'
}

/** One line of text. What the server has refused does not keep a form from being sent again: it may be right by now. */
export function TextField({ label, hint, error, bare, placeholder, inputRef, ...rest }: TextFieldProps) {
  return (
    <TextBox validationBehavior="aria" {...rest} className={css.field ?? ''} isInvalid={Boolean(error) || Boolean(rest.isInvalid)}>
      <Around label={label} hint={hint} bare={bare ?? false}>
        <Input className={css.input ?? ''} {...(placeholder ? { placeholder } : {})} ref={inputRef ?? null} />
        {error && (
          <Text slot="errorMessage" className={css.error}>
            {error}
          </Text>
        )}
      </Around>
    </TextBox>
  )
}

export interface TextAreaProps extends Described, Omit<TextBoxProps, 'className' | 'style' | 'children'> {
  placeholder?: string
  rows?: number
}

/** Text of several lines. */
export function TextArea({ label, hint, error, bare, placeholder, rows, ...rest }: TextAreaProps) {
  return (
    <TextBox validationBehavior="aria" {...rest} className={css.field ?? ''} isInvalid={Boolean(error)}>
      <Around label={label} hint={hint} bare={bare ?? false}>
        <Area className={css.input ?? ''} {...(placeholder ? { placeholder } : {})} rows={rows ?? 4} />
        {error && (
          <Text slot="errorMessage" className={css.error}>
            {error}
          </Text>
        )}
      </Around>
    </TextBox>
  )
}

/** Narrows a list while one types. */
export function SearchField({
  label,
  value,
  onChange,
  autoFocus,
}: {
  label: string
  value: string
  onChange: (value: string) => void
  autoFocus?: boolean
}) {
  return (
    <SearchBox aria-label={label} value={value} onChange={onChange} autoFocus={autoFocus ?? false} className={classes(css.field, css.search)}>
      <Search size={16} aria-hidden />
      <Input className={css.input ?? ''} placeholder={label} />
    </SearchBox>
  )
}

export interface Option<T extends string = string> {
  id: T
  label: string
  icon?: ReactNode
}

/** One of a few. */
export function Select<T extends string>({
  label,
  hint,
  error,
  bare,
  options,
  value,
  onChange,
  isDisabled,
}: Described & { options: readonly Option<T>[]; value: T; onChange: (value: T) => void; isDisabled?: boolean }) {
  return (
    <Choice
      className={css.field ?? ''}
      value={value}
      onChange={(k) => {
        if (k !== null) onChange(k as T)
      }}
      validationBehavior="aria"
      isInvalid={Boolean(error)}
      isDisabled={isDisabled ?? false}
    >
      <Around label={label} hint={hint} bare={bare ?? false}>
        <Pressable className={classes(css.input, css.select)}>
          <SelectValue />
          <ChevronDown size={16} aria-hidden />
        </Pressable>
      </Around>
      <Popover className={css.popover ?? ''} offset={4}>
        <ListBox className={css.list ?? ''} items={options}>
          {(o) => (
            <ListBoxItem id={o.id} textValue={o.label} className={css.option ?? ''}>
              {({ isSelected }) => (
                <>
                  {o.icon}
                  {o.label}
                  {isSelected && <Check className={css.tick} size={16} aria-hidden />}
                </>
              )}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </Choice>
  )
}

/** Yes or no. */
export function Checkbox({ children, ...rest }: Omit<CheckboxFieldProps, 'className' | 'style' | 'children'> & { children: ReactNode }) {
  return (
    <CheckboxField {...rest}>
      <CheckboxButton className={css.check ?? ''}>
        <span className={css.box}>
          <Check size={14} strokeWidth={3} aria-hidden />
        </span>
        <span>{children}</span>
      </CheckboxButton>
    </CheckboxField>
  )
}

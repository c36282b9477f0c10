import { X } from 'lucide-react'
import type { ReactNode } from 'react'
import { Dialog as Box, Heading, Modal, ModalOverlay } from 'react-aria-components'
import { useTranslation } from 'react-i18next'
import { IconButton } from './Button'
import { classes } from './classes'
import css from './Dialog.module.css'

export interface DialogProps {
  title: string
  isOpen: boolean
  /** Left out: it cannot be closed without an answer. */
  onClose?: (() => void) | undefined
  wide?: boolean
  /** It interrupts: screen readers say it at once. */
  alert?: boolean
  children: ReactNode
  /** Buttons, the one that goes on last. */
  foot?: ReactNode
}

/** Something to be answered before anything else goes on. The focus stays in it, and goes back to where it was. */
export function Dialog({ title, isOpen, onClose, wide, alert, children, foot }: DialogProps) {
  const { t } = useTranslation()
  return (
    <ModalOverlay
      className={css.veil ?? ''}
      isOpen={isOpen}
      onOpenChange={(open) => {
        if (!open) onClose?.()
      }}
      isKeyboardDismissDisabled={!onClose}
      isDismissable={false}
    >
      <Modal className={classes(css.modal, wide && css.wide)}>
        <Box className={css.dialog ?? ''} role={alert ? 'alertdialog' : 'dialog'}>
          <div className={css.head}>
            <Heading slot="title" level={2}>
              {title}
            </Heading>
            {onClose && <IconButton small label={t('close')} icon={<X size={18} aria-hidden />} onPress={onClose} />}
          </div>
          <div className={css.body}>{children}</div>
          {foot && <div className={css.foot}>{foot}</div>}
        </Box>
      </Modal>
    </ModalOverlay>
  )
}

// Owns the look of Mantine's components: neutral greys, one accent, small and dense. Colours come from tokens.css.
import { ActionIcon, Button, createTheme, Menu, Modal, Tooltip } from '@mantine/core';
import type { CSSVariablesResolver, MantineColorsTuple } from '@mantine/core';

const accent: MantineColorsTuple = ['#eef4ff', '#dfeafc', '#bcd3f8', '#94b8f3', '#6d9dee', '#4a85e8', '#1f5fd0', '#1a56c2', '#2b6be0', '#123f92'];
const gray: MantineColorsTuple = ['#f6f6f7', '#ececef', '#e3e3e6', '#cfcfd4', '#b0b1b9', '#85868f', '#5c5d66', '#45464d', '#2d2e33', '#1a1a1e'];
const dark: MantineColorsTuple = ['#e8e8eb', '#c4c5cc', '#a3a4ad', '#7d7f88', '#43464c', '#34373c', '#27292d', '#1d1e21', '#18191b', '#101113'];

const red: MantineColorsTuple = ['#fdf0ef', '#fce8e7', '#f6c9c6', '#ee9f9a', '#e4746d', '#d64b43', '#bf2222', '#a51c1c', '#c43333', '#701313'];
const green: MantineColorsTuple = ['#eef8f0', '#e3f3e7', '#c2e4cb', '#97d0a6', '#67b97d', '#3f9f5a', '#1a7335', '#16632d', '#1f7f3c', '#0c3d1b'];

export const theme = createTheme({
  primaryColor: 'accent',
  primaryShade: { light: 6, dark: 8 },
  colors: { accent, gray, dark, red, green },
  white: '#ffffff',
  black: '#1a1a1e',
  defaultRadius: 6,
  fontFamily: "-apple-system, 'Segoe UI Variable Text', 'Segoe UI', 'Adwaita Sans', Inter, Cantarell, 'Noto Sans', Roboto, system-ui, sans-serif",
  fontFamilyMonospace: 'var(--mono)',
  fontSizes: { xs: '12px', sm: '13px', md: '13px', lg: '14px', xl: '16px' },
  lineHeights: { xs: '16px', sm: '20px', md: '20px', lg: '20px', xl: '24px' },
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Button: Button.extend({ defaultProps: { size: 'compact-sm', h: 28, px: 12 }, styles: { root: { fontWeight: 500 } } }),
    ActionIcon: ActionIcon.extend({ defaultProps: { variant: 'subtle', color: 'gray', size: 28 } }),
    Tooltip: Tooltip.extend({ defaultProps: { openDelay: 500, withArrow: false, fz: 12 } }),
    Menu: Menu.extend({ defaultProps: { shadow: 'md', withinPortal: false, floatingStrategy: 'fixed', withInitialFocusPlaceholder: false, transitionProps: { duration: 80 } }, styles: { item: { minHeight: 30, paddingBlock: 5 }, label: { color: 'var(--dim)' } } }),
    Modal: Modal.extend({
      defaultProps: { transitionProps: { duration: 100 }, overlayProps: { backgroundOpacity: 0.35 }, yOffset: '12vh' },
      styles: { title: { fontSize: 15, fontWeight: 600 } },
    }),
  },
});

export const cssVariables: CSSVariablesResolver = () => {
  const shared = {
    '--mantine-color-body': 'var(--bg)', '--mantine-color-text': 'var(--text)', '--mantine-color-dimmed': 'var(--dim)',
    '--mantine-color-default-border': 'var(--rule-strong)', '--mantine-color-placeholder': 'var(--dim)', '--mantine-color-error': 'var(--fail)',
    '--mantine-color-anchor': 'var(--accent-text)', '--mantine-color-default-hover': 'var(--hover)', '--mantine-color-default': 'var(--bg)',
  };
  return { variables: {}, light: shared, dark: shared };
};

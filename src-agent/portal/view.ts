// Owns which screen a state shows. Pure: the same state and size give the same cells.
import type { CellBuffer } from './cells.ts';
import { endedScreen, proceedingScreen } from './screens/ending.ts';
import { drawFrame } from './screens/frame.ts';
import type { Screen, ViewContext } from './screens/frame.ts';
import { detailsScreen, menuScreen } from './screens/menu.ts';
import { eraseScreen, nameScreen, schedulingScreen } from './screens/picking.ts';
import { askScreen, runScreen } from './screens/running.ts';
import { candidatesScreen, connectingScreen, countdownScreen, fatalScreen, leaveScreen } from './screens/starting.ts';
import type { PortalState } from './state.ts';

export function view(state: PortalState, context: ViewContext): CellBuffer {
  return drawFrame(state, context, screenOf(state, context));
}

function screenOf(state: PortalState, context: ViewContext): Screen {
  const { stage, open } = state;
  switch (stage.kind) {
    case 'connecting': return connectingScreen(state, context);
    case 'fatal': return fatalScreen(state, stage);
    case 'candidates': return candidatesScreen(state, stage);
    case 'countdown': return countdownScreen(state, stage);
    case 'leave': return leaveScreen(stage);
    case 'menu': return open === null ? connectingScreen(state, context) : menuScreen(state, open);
    case 'details': return open === null ? connectingScreen(state, context) : detailsScreen(stage, open);
    case 'name': return open === null ? connectingScreen(state, context) : nameScreen(stage, open);
    case 'erase': return open === null ? connectingScreen(state, context) : eraseScreen(state, stage, open);
    case 'scheduling': return schedulingScreen(stage);
    case 'run': return runScreen(state, stage.model, context);
    case 'ask': return askScreen(stage);
    case 'ended': return endedScreen(state, stage);
    case 'proceeding': return proceedingScreen(stage);
  }
}

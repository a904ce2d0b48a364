package dev.lockstep.worker;

import dev.lockstep.engine.EngineFactory;
import dev.lockstep.engine.FusedEngine;

/** {@link ExactModeContract} with the fused engine. */
class FusedExactModeTest extends ExactModeContract {
  @Override
  EngineFactory engines() {
    return FusedEngine::new;
  }
}

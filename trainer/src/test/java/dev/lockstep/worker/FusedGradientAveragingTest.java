package dev.lockstep.worker;

import dev.lockstep.engine.EngineFactory;
import dev.lockstep.engine.FusedEngine;

/** {@link GradientAveragingContract} with the fused engine. */
class FusedGradientAveragingTest extends GradientAveragingContract {
  @Override
  EngineFactory engines() {
    return FusedEngine::new;
  }
}

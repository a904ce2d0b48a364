package dev.lockstep.worker;

import dev.lockstep.engine.EngineFactory;
import dev.lockstep.engine.FusedEngine;

/** {@link ParameterAveragingContract} with the fused engine. */
class FusedParameterAveragingTest extends ParameterAveragingContract {
  @Override
  EngineFactory engines() {
    return FusedEngine::new;
  }
}

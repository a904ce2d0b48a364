package dev.lockstep.worker;

import dev.lockstep.engine.Dl4jEngine;
import dev.lockstep.engine.EngineFactory;

/** {@link GradientAveragingContract} with the dl4j engine. */
class Dl4jGradientAveragingTest extends GradientAveragingContract {
  @Override
  EngineFactory engines() {
    return Dl4jEngine::new;
  }
}

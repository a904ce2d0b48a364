package dev.lockstep.worker;

import dev.lockstep.engine.Dl4jEngine;
import dev.lockstep.engine.EngineFactory;

/** {@link ExactModeContract} with the dl4j engine. */
class Dl4jExactModeTest extends ExactModeContract {
  @Override
  EngineFactory engines() {
    return Dl4jEngine::new;
  }
}

package dev.lockstep;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import java.io.ObjectInputStream;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** What the trainer's code may use, and how its classes may be called. */
class HouseRulesTest {
  private static final JavaClasses CODE =
      new ClassFileImporter()
          .withImportOption(new DoNotIncludeTests())
          .importPackages("dev.lockstep");

  /** Each package may use those before it and none after. */
  private static final List<String> PACKAGES =
      List.of(
          "dev.lockstep.yaml..",
          "dev.lockstep.nativelib..",
          "dev.lockstep.random..",
          "dev.lockstep.data..",
          "dev.lockstep.split..",
          "dev.lockstep.optimizer..",
          "dev.lockstep.network..",
          "dev.lockstep.engine..",
          "dev.lockstep.metrics..",
          "dev.lockstep.coordinator..",
          "dev.lockstep.worker..",
          "dev.lockstep.model..",
          "dev.lockstep.exchange..",
          "dev.lockstep.report..",
          "dev.lockstep.config..");

  @Test
  void everyClassLivesInAPackageThatHasItsPlaceInTheOrder() {
    classes().should().resideInAnyPackage(PACKAGES.toArray(String[]::new)).check(CODE);
  }

  @TestFactory
  Stream<DynamicTest> aPackageUsesOnlyThoseBeforeIt() {
    return IntStream.range(0, PACKAGES.size() - 1)
        .mapToObj(
            place ->
                dynamicTest(
                    PACKAGES.get(place),
                    () ->
                        noClasses()
                            .that()
                            .resideInAPackage(PACKAGES.get(place))
                            .should()
                            .dependOnClassesThat()
                            .resideInAnyPackage(after(place))
                            .allowEmptyShould(true)
                            .check(CODE)));
  }

  @Test
  void theTrainerIsPlainJavaWithoutSparkHadoopOrScala() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.apache.spark..", "org.apache.hadoop..", "scala..")
        .check(CODE);
  }

  @Test
  void nothingDeserialisesJavaObjects() {
    noClasses().should().dependOnClassesThat().areAssignableTo(ObjectInputStream.class).check(CODE);
  }

  @Test
  void everyRandomDrawComesFromTheSeedByACounter() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .areAssignableTo(RandomGenerator.class)
        .orShould()
        .callMethod(Math.class, "random")
        .check(CODE);
  }

  @Test
  void aClassIsCalledAfterWhatItIs() {
    noClasses().should().haveNameMatching(".*(Util|Utils|Helper|Manager)(\\$.*)?").check(CODE);
  }

  private static String[] after(int place) {
    return PACKAGES.subList(place + 1, PACKAGES.size()).toArray(String[]::new);
  }
}

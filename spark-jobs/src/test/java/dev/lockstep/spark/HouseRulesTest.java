package dev.lockstep.spark;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import java.io.ObjectInputStream;
import java.security.SecureRandom;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** What the code on Spark may use, and how its classes may be called. */
class HouseRulesTest {
  private static final JavaClasses CODE =
      new ClassFileImporter()
          .withImportOption(new DoNotIncludeTests())
          .importPackages("dev.lockstep");

  /** Each package may use those before it, and all of the trainer, and none after. */
  private static final List<String> PACKAGES =
      List.of(
          "dev.lockstep.spark.storage..",
          "dev.lockstep.spark.registry..",
          "dev.lockstep.spark.source..",
          "dev.lockstep.spark.transport..",
          "dev.lockstep.spark.gang..",
          "dev.lockstep.spark.job..",
          "dev.lockstep.spark.ml..",
          "dev.lockstep.spark.dl4j..",
          "dev.lockstep.spark.cli..");

  @Test
  void everyClassLivesInAPackageThatHasItsPlaceInTheOrder() {
    classes()
        .that()
        .resideInAPackage("dev.lockstep.spark..")
        .should()
        .resideInAnyPackage(PACKAGES.toArray(String[]::new))
        .check(CODE);
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
  void theTrainerKnowsNothingOfItsLifeOnSpark() {
    noClasses()
        .that(
            resideInAPackage("dev.lockstep..").and(resideOutsideOfPackage("dev.lockstep.spark..")))
        .should()
        .dependOnClassesThat()
        .resideInAPackage("dev.lockstep.spark..")
        .check(CODE);
  }

  @Test
  void nothingDeserialisesJavaObjects() {
    noClasses().should().dependOnClassesThat().areAssignableTo(ObjectInputStream.class).check(CODE);
  }

  @Test
  void onlySecretsAreDrawnAtRandom() {
    noClasses()
        .should()
        .dependOnClassesThat(
            assignableTo(RandomGenerator.class).and(not(assignableTo(SecureRandom.class))))
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

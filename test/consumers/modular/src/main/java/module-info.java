/** A program that is a module. The library needs jdk.unsupported; as an automatic module it cannot say so itself. */
module consumer
{
    requires parallel;
    requires jdk.unsupported;
}

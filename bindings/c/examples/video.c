/* Covers the faces of a video: video IN OUT */
#include <faceveil.h>
#include <stdio.h>

static int show(uint64_t frames, uint64_t total, void *user) {
    FILE *to = (FILE *)user;
    fprintf(to, "\r%llu of %llu frames", (unsigned long long)frames, (unsigned long long)total);
    return 0; /* anything else stops */
}

int main(int argc, char **argv) {
    faceveil_anonymizer *anonymizer = NULL;
    faceveil_result *result = NULL;
    faceveil_error error = {FACEVEIL_STATUS_OK, ""};
    if (argc != 3) return 2;
    if (faceveil_anonymizer_new(NULL, &anonymizer, &error) == FACEVEIL_STATUS_OK)
        faceveil_video(anonymizer, argv[1], argv[2], show, stderr, &result, &error);
    if (error.status)
        fprintf(stderr, "\n%s: %s\n", argv[1], error.message);
    else
        printf("\n%s\n", faceveil_result_report(result));
    faceveil_result_free(result);
    faceveil_anonymizer_free(anonymizer);
    return error.status != 0;
}

// Words that every question has (`tg_assets/index/question.py`), and, as there are no dictionary forms here, those that
// they are written in. What does not belong here: what is done with them.
export const EMPTY = new Set(`
a an the of in on at by to for from with into onto about as and or but if than then that this these those there here
is are was were be been being am do does did doing done has have had having will would shall should can could may
might must it its he him his she her hers they them their theirs we us our ours you your yours i me my mine who whom
whose what which when where why how not no nor so just very also too isn't aren't wasn't weren't don't doesn't didn't
won't can't couldn't wouldn't shouldn't haven't hasn't hadn't i'm i've you're we're they're
а без бы в во для до же за и из или изо к ко как ли на над не ни но о об обо от по под при про с со то у быть есть
являться мочь это этот тот что чего чему чем кто кого кому кем какой каков который где куда откуда когда почему зачем
сколько чей я ты он она оно мы вы они мой твой его ее их наш ваш свой себя там тут здесь
безо ото подо буду будут будешь будет будем будете был была было были будь будучи могу можешь может можем можете могут
мог могла могло могли является являются являлся этого этому этим этом эта этой эту эти этих этими того тому том та той
ту те тех теми нее него нему ней ним ними них им ими ей ею ем ему меня мне мной тебя тебе тобой нам нами нас вам вами
вас себе собой какая какие каким каких какого какое какому какую каком какими которая которого которое которой котором
которому которую которые которым которых которыми чья чье чьи чьего чьей чьих моя мое мои моего моей моем моему мою
моих моим твоя твое твои твоего твоей твою твоих твоим наша наше наши нашего нашей нашем нашу наших нашим ваша ваше
ваши вашего вашей вашу ваших вашим своя свое свои своего своей своем своему свою своих своим своими
`.trim().split(/\s+/));
